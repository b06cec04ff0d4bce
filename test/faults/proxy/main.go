// The fault proxy: ends TLS with an authority of its own, forwards with the caller's credentials, keeps an ordered log,
// and takes its orders by a control API on loopback (control.go). It ends when its standard input does, so that none is
// left behind by a test run that was killed.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

func transport(caFile string) (*http.Transport, error) {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	anchors := x509.NewCertPool()
	if !anchors.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate", caFile)
	}
	return &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: anchors, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:  true,
		DisableCompression: true,
	}, nil
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return listener
}

func port(listener net.Listener) int { return listener.Addr().(*net.TCPAddr).Port }

func main() {
	server := flag.String("server", "", "URL of the API server")
	serverCA := flag.String("server-ca", "", "FILE with its trust anchors")
	folder := flag.String("folder", "", "where ca.crt, the proxy's own trust anchor, is written")
	flag.Parse()
	target, err := url.Parse(*server)
	if err != nil || target.Host == "" {
		log.Fatalf("--server %q is no URL", *server)
	}
	upstream, err := transport(*serverCA)
	if err != nil {
		log.Fatal(err)
	}
	certificate, anchor, err := newIdentity()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*folder, "ca.crt"), anchor, 0o600); err != nil {
		log.Fatal(err)
	}
	proxy := newProxy(target, upstream)
	front := &http.Server{
		Handler:   proxy,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	listener, control := listen(), listen()
	go func() { log.Fatal(front.ServeTLS(listener, "", "")) }()
	go func() { log.Fatal(http.Serve(control, newControl(proxy))) }()
	ports := map[string]int{"proxy": port(listener), "control": port(control)}
	if err := json.NewEncoder(os.Stdout).Encode(ports); err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		log.Fatal(err)
	}
}
