package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"syscall"
)

type proxy struct {
	target   *url.URL
	upstream *http.Transport
	journal  journal
	rules    rules
	streams  streams
	lock     sync.Mutex
	operator int             // process id; 0: it is dead, and nothing that it sent goes any further
	refused  map[string]bool // Authorization headers that the API server no longer knows
}

func newProxy(target *url.URL, upstream *http.Transport) *proxy {
	return &proxy{target: target, upstream: upstream, refused: map[string]bool{}, streams: newStreams(), operator: -1}
}

func (p *proxy) setOperator(pid int) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.operator = pid
}

// signal is sent to the operator; after SIGKILL nothing of it goes any further.
func (p *proxy) signal(number syscall.Signal) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.operator > 0 {
		_ = syscall.Kill(p.operator, number) // it may have ended
	}
	if number == syscall.SIGKILL {
		p.operator = 0
	}
}

func (p *proxy) state(authorization string) (operator int, refused bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.operator, p.refused[authorization]
}

// abort cuts the exchange: HTTP/2 resets the stream, HTTP/1.1 closes the connection.
func abort() { panic(http.ErrAbortHandler) }

// exchange is one request on its way.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	body  []byte
	entry *entry
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	operator, refused := p.state(r.Header.Get("Authorization"))
	if err != nil || operator == 0 {
		abort()
	}
	one := &entry{call: describe(r, body), Operator: operator, Protocol: r.Proto}
	p.journal.begin(one)
	defer p.journal.end(one)
	x := &exchange{w: w, r: r, body: body, entry: one}
	if refused {
		p.answer(x, &rule{Status: http.StatusUnauthorized, Reason: "Unauthorized"})
		return
	}
	if found := p.rules.match(one); found != nil {
		actions[found.Action](p, x, found)
		return
	}
	p.pass(x)
}

// ask sends the request on. A write goes on even when the caller is gone, as it would on the way to a server.
func (p *proxy) ask(x *exchange) (*http.Response, error) {
	ctx := x.r.Context()
	if x.entry.Write {
		ctx = context.WithoutCancel(ctx)
	}
	out := x.r.Clone(ctx)
	out.URL.Scheme, out.URL.Host, out.Host, out.RequestURI = p.target.Scheme, p.target.Host, "", ""
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(x.body)), int64(len(x.body))
	if len(x.body) == 0 {
		out.Body = http.NoBody
	}
	p.journal.change(x.entry, func() { x.entry.Forwarded = true })
	return p.upstream.RoundTrip(out)
}

// fetch sends the request on and takes in the whole answer.
func (p *proxy) fetch(x *exchange) (*http.Response, []byte) {
	answer, err := p.ask(x)
	if err != nil {
		abort()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		abort()
	}
	p.journal.answered(x.entry, answer.StatusCode, body)
	return answer, body
}

func head(w http.ResponseWriter, answer *http.Response) {
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
}

func (p *proxy) pass(x *exchange) {
	if x.entry.Verb == "watch" {
		p.stream(x, -1)
		return
	}
	answer, body := p.fetch(x)
	head(x.w, answer)
	_, _ = x.w.Write(body) // the caller may be gone
}
