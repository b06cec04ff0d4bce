package main

import (
	"fmt"
	"sync"
)

// rule says to which request what happens. Empty texts match everything, but for the subresource, which must be the same.
type rule struct {
	ID          string `json:"id"`
	Verb        string `json:"verb"` // "write": any of them
	Resource    string `json:"resource"`
	Subresource string `json:"subresource"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	Resumes     bool   `json:"resumes"` // only a watch that goes on from a version
	Nth         int    `json:"nth"`     // which of the matching requests; 1 is the first
	Times       int    `json:"times"`   // how many from there on; 0 is one

	Action     string  `json:"action"` // a key of actions
	Status     int     `json:"status"`
	Reason     string  `json:"reason"`
	RetryAfter int     `json:"retryAfter"`
	Seconds    float64 `json:"seconds"`
	Lines      int     `json:"lines"`

	seen     int
	released chan struct{}
}

type rules struct {
	lock  sync.Mutex
	all   []*rule
	fired []firing
}

// firing is a rule that was applied, and the number of the request in the journal.
type firing struct {
	Rule string `json:"rule"`
	Seq  int    `json:"seq"`
}

func (r *rules) arm(wanted []*rule) error {
	for _, one := range wanted {
		if actions[one.Action] == nil {
			return fmt.Errorf("rule %q: no action %q", one.ID, one.Action)
		}
		one.Nth, one.Times = max(one.Nth, 1), max(one.Times, 1)
		one.released = make(chan struct{})
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	r.all, r.fired = wanted, nil
	return nil
}

func same(wanted, found string) bool { return wanted == "" || wanted == found }

func (r *rule) matches(c call) bool {
	verb := same(r.Verb, c.Verb) || r.Verb == "write" && c.Write
	return verb && same(r.Resource, c.Resource) && r.Subresource == c.Subresource && same(r.Namespace, c.Namespace) &&
		same(r.Name, c.Name) && (!r.Resumes || c.resumes())
}

func (r *rule) over() bool {
	select {
	case <-r.released:
		return true
	default:
		return false
	}
}

// match finds the rule whose turn it is, and notes that it was applied.
func (r *rules) match(one *entry) *rule {
	r.lock.Lock()
	defer r.lock.Unlock()
	for _, candidate := range r.all {
		if !candidate.matches(one.call) || candidate.over() {
			continue
		}
		candidate.seen++
		if candidate.seen >= candidate.Nth && candidate.seen < candidate.Nth+candidate.Times {
			one.Fault = candidate.ID
			r.fired = append(r.fired, firing{candidate.ID, one.Seq})
			return candidate
		}
	}
	return nil
}

func (r *rules) state() []firing {
	r.lock.Lock()
	defer r.lock.Unlock()
	return append([]firing{}, r.fired...)
}

// release lets go the requests that a rule holds, and ends it.
func (r *rules) release(id string) bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	for _, one := range r.all {
		if one.ID == id {
			if !one.over() {
				close(one.released)
			}
			return true
		}
	}
	return false
}
