// Package httpapi is the HTTP face of Freshet: it decodes requests, calls packages stream and
// serve, and encodes their answers. It decides nothing itself.
//
//	handler := httpapi.New(httpapi.Options{Stream: s, Server: srv, …})
//	server := &http.Server{Handler: handler, …}
//
// Every reply carries Freshet-Request-Id. Errors are problem documents (RFC 9457) with a
// stable code, listing everything that is wrong with a request at once. A reply that accepts
// events means that they are durable and applied.
//
// It leaves out timeouts of connections and the listener, which belong to the http.Server,
// and who may call what: there are no keys yet, so the server is for loopback addresses.
package httpapi
