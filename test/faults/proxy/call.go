package main

import (
	"encoding/json"
	"net/http"
	"strings"
)

// call is a request in the words of the Kubernetes API.
type call struct {
	Verb        string `json:"verb"` // as in RBAC: get list watch create update patch delete; other methods by their name
	Resource    string `json:"resource"`
	Subresource string `json:"subresource,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Name        string `json:"name,omitempty"`
	Query       string `json:"query,omitempty"`
	Write       bool   `json:"write,omitempty"`
}

var verbs = map[string]string{
	http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
}

// segments splits /api/v1/… and /apis/GROUP/VERSION/…; nil where it is no resource's path.
func segments(path string) []string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		return parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		return parts[3:]
	}
	return nil
}

// at returns one of the parts, or nothing.
func at(parts []string, index int) string {
	if index < len(parts) {
		return parts[index]
	}
	return ""
}

// nameIn reads the name of what is created, which stands in no path.
func nameIn(body []byte) string {
	var object struct{ Metadata struct{ Name string } }
	if json.Unmarshal(body, &object) != nil {
		return ""
	}
	return object.Metadata.Name
}

func describe(r *http.Request, body []byte) call {
	parts := segments(r.URL.Path)
	one := call{Query: r.URL.RawQuery}
	if len(parts) > 2 && parts[0] == "namespaces" {
		one.Namespace = parts[1]
		parts = parts[2:]
	}
	one.Resource, one.Name, one.Subresource = at(parts, 0), at(parts, 1), at(parts, 2)
	if verb, ok := verbs[r.Method]; ok {
		one.Verb, one.Write = verb, !strings.HasSuffix(one.Resource, "reviews")
		if verb == "create" && one.Name == "" {
			one.Name = nameIn(body)
		}
		return one
	}
	query := r.URL.Query()
	switch {
	case query.Get("watch") == "true" || query.Get("watch") == "1":
		one.Verb = "watch"
	case one.Name != "":
		one.Verb = "get"
	default:
		one.Verb = "list"
	}
	return one
}

// resumes says whether a watch goes on from a version it knows, which the server may have forgotten.
func (c call) resumes() bool {
	return c.Verb == "watch" && strings.Contains(c.Query, "resourceVersion=") && !strings.Contains(c.Query, "sendInitialEvents=true")
}
