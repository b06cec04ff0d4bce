package main

import (
	"encoding/json"
	"sync"
	"time"
)

// entry is one request: in the order in which requests arrived. Bodies are not kept, they hold secrets.
type entry struct {
	call
	Seq       int     `json:"seq"`
	At        float64 `json:"at"`        // seconds since the epoch, when it arrived
	Operator  int     `json:"operator"`  // process id of the operator at that moment
	Forwarded bool    `json:"forwarded"` // the API server got it
	Done      bool    `json:"done"`
	Status    int     `json:"status,omitempty"` // of the API server's answer
	UID       string  `json:"uid,omitempty"`    // of the object in the answer to a write
	Version   string  `json:"version,omitempty"`
	Protocol  string  `json:"protocol"`
	Fault     string  `json:"fault,omitempty"` // the rule that was applied
}

type journal struct {
	lock      sync.Mutex
	entries   []*entry
	lastWrite time.Time
	open      int // writes under way
}

func (e *entry) counts() bool {
	return e.Write && e.Resource != "events" && e.Resource != "leases"
}

func (j *journal) begin(one *entry) {
	j.lock.Lock()
	defer j.lock.Unlock()
	now := time.Now()
	one.Seq, one.At = len(j.entries), float64(now.UnixMicro())/1e6
	j.entries = append(j.entries, one)
	if one.counts() {
		j.lastWrite = now
		j.open++
	}
}

func (j *journal) change(one *entry, change func()) {
	j.lock.Lock()
	defer j.lock.Unlock()
	change()
}

func (j *journal) end(one *entry) {
	j.lock.Lock()
	defer j.lock.Unlock()
	one.Done = true
	if one.counts() {
		j.lastWrite = time.Now()
		j.open--
	}
}

// answered notes what the API server said to a write.
func (j *journal) answered(one *entry, status int, body []byte) {
	var object struct {
		Metadata struct{ UID, ResourceVersion string }
	}
	if one.Write {
		_ = json.Unmarshal(body, &object) // an answer that is no object has no version
	}
	j.change(one, func() {
		one.Status, one.UID, one.Version = status, object.Metadata.UID, object.Metadata.ResourceVersion
	})
}

// since copies the entries from a number on.
func (j *journal) since(first int, writes bool) []entry {
	j.lock.Lock()
	defer j.lock.Unlock()
	found := []entry{}
	for i := max(first, 0); i < len(j.entries); i++ {
		if one := j.entries[i]; !writes || one.Write {
			found = append(found, *one)
		}
	}
	return found
}

// quiet says for how many seconds nothing but Events and Leases was written; and how many requests there were.
func (j *journal) quiet() (float64, int) {
	j.lock.Lock()
	defer j.lock.Unlock()
	if j.open > 0 {
		return 0, len(j.entries)
	}
	return time.Since(j.lastWrite).Seconds(), len(j.entries)
}
