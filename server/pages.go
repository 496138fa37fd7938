package server

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/cairn-skills/cairn/gen/openapi"
	"github.com/cairn-skills/cairn/graph"
)

// doors is what stands at the root: where to go from here.
var doors = map[string]string{
	"rest":    "/v1, described by /openapi.json",
	"grpc":    "this port, in plain text; reflection lists the services",
	"status":  "/v1/status",
	"openapi": "/openapi.json",
	"healthz": "/healthz says whether the process runs",
	"readyz":  "/readyz says whether it can answer",
}

// pages are what is not a call, by path: the index, the description of the REST
// interface, and what a supervisor asks.
func (s *Server) pages() map[string]http.HandlerFunc {
	index, _ := json.MarshalIndent(map[string]any{"cairn": s.opts.Version, "doors": doors}, "", "  ") // strings only
	fixed := func(text []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, text) }
	}
	return map[string]http.HandlerFunc{
		"/":             fixed(append(index, '\n')),
		"/openapi.json": fixed(openapi.JSON),
		"/healthz":      fixed([]byte(`{"status":"ok"}`)),
		"/readyz": func(w http.ResponseWriter, r *http.Request) {
			if s.ready(r.Context()) != nil {
				writeJSON(w, http.StatusServiceUnavailable, []byte(`{"status":"unavailable"}`))
				return
			}
			writeJSON(w, http.StatusOK, []byte(`{"status":"ok"}`))
		},
	}
}

func writeJSON(w http.ResponseWriter, code int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(text) //nolint:gosec // JSON by its type, which nosniff keeps; an error: the caller has gone
}

// ready is nil when the server can answer.
// Errors: graph.ErrUnavailable.
func (s *Server) ready(ctx context.Context) error {
	select {
	case <-s.ending:
		return graph.Unavailable("the server is ending", nil)
	default:
	}
	return s.live.Health(ctx)
}
