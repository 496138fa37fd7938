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

// registerPages adds what is not a call: the index, the description of the REST
// interface, and what a supervisor asks.
func (s *Server) registerPages(mux *http.ServeMux) {
	index, _ := json.MarshalIndent(map[string]any{"cairn": s.opts.Version, "doors": doors}, "", "  ") // strings only
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, index) })
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, openapi.JSON) })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, []byte(`{"status":"ok"}`))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if s.ready(r.Context()) != nil {
			writeJSON(w, http.StatusServiceUnavailable, []byte(`{"status":"unavailable"}`))
			return
		}
		writeJSON(w, http.StatusOK, []byte(`{"status":"ok"}`))
	})
}

func writeJSON(w http.ResponseWriter, code int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(text) // the caller has gone
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
