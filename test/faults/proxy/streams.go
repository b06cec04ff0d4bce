package main

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"
)

// streams are the open watches; lines of a resource can be told late, and its watches be cut.
type streams struct {
	lock   sync.Mutex
	open   map[*exchange]context.CancelFunc
	delays map[string]delay
}

// delay is how late lines of a resource's watches are told: all, or only bookmarks, of which the first ends the first list.
type delay struct {
	by        time.Duration
	bookmarks bool
}

func newStreams() streams {
	return streams{open: map[*exchange]context.CancelFunc{}, delays: map[string]delay{}}
}

func (s *streams) add(x *exchange, cancel context.CancelFunc) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.open[x] = cancel
}

func (s *streams) remove(x *exchange) {
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.open, x)
}

// cut ends the watches of a resource, or all; returns how many.
func (s *streams) cut(resource string) int {
	s.lock.Lock()
	defer s.lock.Unlock()
	count := 0
	for x, cancel := range s.open {
		if same(resource, x.entry.Resource) {
			cancel()
			count++
		}
	}
	return count
}

func (s *streams) setDelay(resource string, late delay) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.delays[resource] = late
}

func (s *streams) delay(resource string, one line) time.Duration {
	s.lock.Lock()
	defer s.lock.Unlock()
	late := s.delays[resource]
	if late.bookmarks && !bytes.HasPrefix(one.text, []byte(`{"type":"BOOKMARK"`)) {
		return 0
	}
	return late.by
}

type line struct {
	text []byte
	came time.Time
}

// lines reads a stream to its end, however slowly they are taken.
func lines(ctx context.Context, answer *http.Response) <-chan line {
	out := make(chan line, 65536)
	go func() {
		defer close(out)
		reader := bufio.NewReaderSize(answer.Body, 1<<16)
		for {
			text, err := reader.ReadBytes('\n')
			if len(text) > 0 {
				select {
				case out <- line{text, time.Now()}:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}

// due waits until a line may be told. The delay may be taken away meanwhile. False: the watch was cut.
func (p *proxy) due(ctx context.Context, x *exchange, one line) bool {
	for time.Since(one.came) < p.streams.delay(x.entry.Resource, one) {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return ctx.Err() == nil
}

// stream passes a watch on line by line; after so many lines it breaks off, if that is not negative.
func (p *proxy) stream(x *exchange, most int) {
	ctx, cancel := context.WithCancel(x.r.Context())
	defer cancel()
	x.r = x.r.WithContext(ctx)
	p.streams.add(x, cancel)
	defer p.streams.remove(x)
	answer, err := p.ask(x)
	if err != nil {
		abort()
	}
	defer answer.Body.Close()
	p.journal.answered(x.entry, answer.StatusCode, nil)
	head(x.w, answer)
	flush := http.NewResponseController(x.w)
	_ = flush.Flush() // fails when the caller is gone, which the next write tells
	for one := range lines(ctx, answer) {
		if most == 0 || !p.due(ctx, x, one) {
			abort()
		}
		most--
		if _, err := x.w.Write(one.text); err != nil || flush.Flush() != nil {
			return
		}
	}
	if ctx.Err() != nil {
		abort()
	}
}
