package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

func tell(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what)
}

func number(r *http.Request, name string) int {
	value, _ := strconv.Atoi(r.URL.Query().Get(name))
	return value
}

// newControl is what the tests order:
//
//	POST /rules [rule, …]            instead of those before; the count of matches begins anew
//	POST /release?rule=ID            what the rule holds goes on, and it applies no more
//	POST /operator?pid=N             whom the kills are for
//	POST /delay?resource=R&ms=N      lines of its watches come so late; with &bookmarks=true only those that are one
//	POST /cut?resource=R             its watches end now; without R all of them
//	GET  /state                      {quiet: seconds without a write, requests, fired: [{rule, seq}]}
//	GET  /log?since=N&writes=true    the requests from number N on
func newControl(p *proxy) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rules", func(w http.ResponseWriter, r *http.Request) {
		wanted := []*rule{}
		err := json.NewDecoder(r.Body).Decode(&wanted)
		if err == nil {
			err = p.rules.arm(wanted)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("POST /release", func(w http.ResponseWriter, r *http.Request) {
		if !p.rules.release(r.URL.Query().Get("rule")) {
			http.NotFound(w, r)
		}
	})
	mux.HandleFunc("POST /operator", func(_ http.ResponseWriter, r *http.Request) { p.setOperator(number(r, "pid")) })
	mux.HandleFunc("POST /delay", func(_ http.ResponseWriter, r *http.Request) {
		by := time.Duration(number(r, "ms")) * time.Millisecond
		p.streams.setDelay(r.URL.Query().Get("resource"), delay{by, r.URL.Query().Get("bookmarks") == "true"})
	})
	mux.HandleFunc("POST /cut", func(w http.ResponseWriter, r *http.Request) {
		tell(w, p.streams.cut(r.URL.Query().Get("resource")))
	})
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		quiet, requests := p.journal.quiet()
		tell(w, map[string]any{"quiet": quiet, "requests": requests, "fired": p.rules.state()})
	})
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, r *http.Request) {
		tell(w, p.journal.since(number(r, "since"), r.URL.Query().Get("writes") == "true"))
	})
	return mux
}
