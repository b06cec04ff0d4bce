package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// actions are what can happen to a request.
var actions map[string]func(p *proxy, x *exchange, r *rule)

func init() {
	actions = map[string]func(p *proxy, x *exchange, r *rule){
		"kill-before":       killBefore,
		"kill-after-commit": killAfterCommit,
		"kill-after-reply":  killAfterReply,
		"stop":              stop,
		"drop-before":       func(*proxy, *exchange, *rule) { abort() },
		"drop-reply":        dropReply,
		"answer":            (*proxy).answer,
		"truncate":          truncate,
		"slow":              slow,
		"goaway":            goAway,
		"expire-token":      expireToken,
		"hold":              hold,
		"pass":              func(p *proxy, x *exchange, _ *rule) { p.pass(x) },
		"gone":              gone,
		"interrupt":         func(p *proxy, x *exchange, r *rule) { p.stream(x, r.Lines) },
	}
}

// killBefore: the operator dies when it has sent the request, which never arrives.
func killBefore(p *proxy, _ *exchange, _ *rule) {
	p.signal(syscall.SIGKILL)
	abort()
}

// killAfterCommit: the API server has done it, and the operator dies before it knows.
func killAfterCommit(p *proxy, x *exchange, _ *rule) {
	p.fetch(x)
	p.signal(syscall.SIGKILL)
	abort()
}

// killAfterReply: the operator has its answer, and little time to act on it.
func killAfterReply(p *proxy, x *exchange, _ *rule) {
	p.pass(x)
	_ = http.NewResponseController(x.w).Flush()
	time.Sleep(10 * time.Millisecond)
	p.signal(syscall.SIGKILL)
}

// stop: the operator is stopped while its request is under way, and has its answer when it wakes.
func stop(p *proxy, x *exchange, _ *rule) {
	p.signal(syscall.SIGSTOP)
	p.pass(x)
}

func dropReply(p *proxy, x *exchange, _ *rule) {
	p.fetch(x)
	abort()
}

// answer says what an API server says, in its words, and forwards nothing.
func (p *proxy) answer(x *exchange, r *rule) {
	body, _ := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": r.Reason, "code": r.Status,
		"message": "the fault proxy says " + r.Reason,
	})
	x.w.Header().Set("Content-Type", "application/json")
	if r.RetryAfter > 0 {
		x.w.Header().Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	x.w.WriteHeader(r.Status)
	_, _ = x.w.Write(body)
}

// truncate: half of the answer, and then the connection is gone.
func truncate(p *proxy, x *exchange, _ *rule) {
	answer, body := p.fetch(x)
	answer.Header.Set("Content-Length", strconv.Itoa(len(body)))
	head(x.w, answer)
	_, _ = x.w.Write(body[:len(body)/2])
	_ = http.NewResponseController(x.w).Flush()
	abort()
}

// slow: the answer comes in ten pieces.
func slow(p *proxy, x *exchange, r *rule) {
	answer, body := p.fetch(x)
	head(x.w, answer)
	const pieces = 10
	for i := range pieces {
		time.Sleep(time.Duration(r.Seconds * float64(time.Second) / pieces))
		_, _ = x.w.Write(body[len(body)*i/pieces : len(body)*(i+1)/pieces])
		_ = http.NewResponseController(x.w).Flush()
	}
}

// goAway: the server takes no more requests on this connection (HTTP/2's GOAWAY; HTTP/1.1's Connection: close).
func goAway(p *proxy, x *exchange, _ *rule) {
	x.w.Header().Set("Connection", "close")
	p.pass(x)
}

// expireToken: the caller's token is not known any more, now and later.
func expireToken(p *proxy, x *exchange, _ *rule) {
	p.lock.Lock()
	p.refused[x.r.Header.Get("Authorization")] = true
	p.lock.Unlock()
	p.answer(x, &rule{Status: http.StatusUnauthorized, Reason: "Unauthorized"})
}

// hold: the request waits before it is forwarded, so that something can be changed in the midst of a reconcile.
func hold(p *proxy, x *exchange, r *rule) {
	select {
	case <-r.released:
	case <-time.After(10 * time.Second):
	}
	p.pass(x)
}

// gone: the version that a watch wants to go on from is forgotten; said in the stream, as API servers do.
func gone(p *proxy, x *exchange, _ *rule) {
	body, _ := json.Marshal(map[string]any{"type": "ERROR", "object": map[string]any{
		"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "Expired", "code": http.StatusGone,
		"message": "too old resource version",
	}})
	x.w.Header().Set("Content-Type", "application/json")
	_, _ = x.w.Write(append(body, '\n'))
}
