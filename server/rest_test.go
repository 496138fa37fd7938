package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/gen/openapi"
	"github.com/cairn-skills/cairn/graph"
)

// TestNotModified: who has an answer gets 304, by the tag of the answer or, for
// an entry, by the revision that last changed it.
func TestNotModified(t *testing.T) {
	w := newWorld(t, "", Options{})
	const gap = "/v1/people/p-03/roles/lead-data-analyst:gap?asOf=2026-10-15T12:00:00Z"
	first := w.rest(t, "GET", gap, "")
	tag := first.header.Get("Etag")
	var gapAnswer cairnv1.RoleGapResponse
	first.into(t, &gapAnswer)
	if tag == "" || tag != gapAnswer.GetServed().GetEtag() {
		t.Fatalf("the header says %q and the answer %q", tag, gapAnswer.GetServed().GetEtag())
	}
	for _, row := range []struct {
		name, path, match string
		want              int
	}{
		{"the same tag", gap, tag, 304},
		{"one of several", gap, `"x", W/` + tag, 304},
		{"any", gap, "*", 304},
		{"another", gap, `"x"`, 200},
		{"another question", strings.Replace(gap, "p-03", "p-04", 1), tag, 200},
		{"another instant", strings.Replace(gap, "T12", "T13", 1), tag, 200},
		{"an entry by its revision", "/v1/roles/data-analyst", `"1"`, 304},
		{"an entry by another revision", "/v1/roles/data-analyst", `"2"`, 200},
		{"an error", "/v1/roles/none", "*", 404},
	} {
		got := w.rest(t, "GET", row.path, "", "If-None-Match", row.match)
		if got.code != row.want {
			t.Errorf("%s: %d %s, want %d", row.name, got.code, got.body, row.want)
		}
		if got.code == 304 && (len(got.body) > 0 || got.header.Get("Etag") == "") {
			t.Errorf("%s: 304 with the body %q and the tag %q", row.name, got.body, got.header.Get("Etag"))
		}
	}
	post := w.rest(t, "POST", "/v1/people/p-03/next-steps", `{"roles":["lead-data-analyst"]}`, "If-None-Match", "*")
	if post.code != 200 {
		t.Errorf("a POST with If-None-Match: %d, want 200", post.code)
	}

	// The tag of an entry stays while what is shown stays, whoever commits.
	entry := w.rest(t, "GET", "/v1/competencies/sql", "").header.Get("Etag")
	w.join(t, "p-50")
	if got := w.rest(t, "GET", "/v1/competencies/sql", "", "If-None-Match", entry); got.code != 304 {
		t.Errorf("after a commit of a person: %d, want 304", got.code)
	}
	if got := w.rest(t, "GET", gap, "", "If-None-Match", tag); got.code != 200 {
		t.Errorf("an answer after a commit: %d, want 200 with the revision", got.code)
	}
}

// join records a person.
func (w *world) join(tb testing.TB, id graph.ID) graph.Revision {
	tb.Helper()
	r, err := w.live.Commit(tb.Context(), graph.Batch{At: noon, People: []graph.Person{{ID: id}}}, graph.CommitOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return r.Revision
}

// TestIfMatch: a write that was made for another revision is 412.
func TestIfMatch(t *testing.T) {
	w := newWorld(t, "", Options{})
	body := `{"people":[{"id":"p-60"}]}`
	answer := w.rest(t, "GET", "/v1/people/p-01", "")
	for _, row := range []struct {
		name, match, body string
		code              int
		reason            string
	}{
		{"another revision", `"1"`, body, 412, "REVISION_CHANGED"},
		{"no revision", `"abc"`, body, 400, "INVALID"},
		{"no quotes", `2`, body, 400, "INVALID"},
		{"two that differ", `"2"`, `{"people":[{"id":"p-60"}],"ifRevision":"1"}`, 400, "INVALID"},
		{"the newest", `"2"`, body, 200, ""},
		{"any", `*`, `{"people":[{"id":"p-61"}]}`, 200, ""},
		{"the tag of an answer that is old", answer.header.Get("Etag"), `{"people":[{"id":"p-62"}]}`, 412, "REVISION_CHANGED"},
	} {
		got := w.rest(t, "POST", "/v1/facts:record", row.body, "If-Match", row.match)
		if got.code != row.code {
			t.Fatalf("%s: %d %s, want %d", row.name, got.code, got.body, row.code)
		}
		if row.reason != "" && got.problem(t).reason() != row.reason {
			t.Errorf("%s: %s, want the reason %s", row.name, got.body, row.reason)
		}
	}
	got := w.rest(t, "POST", "/v1/facts:record", `{"people":[{"id":"p-63"}],"ifRevision":"1"}`)
	if got.code != 409 {
		t.Errorf("if_revision in the body: %d, want 409", got.code)
	}
	tag := w.rest(t, "GET", "/v1/people/p-01", "").header.Get("Etag")
	if got := w.rest(t, "POST", "/v1/facts:record", `{"people":[{"id":"p-64"}]}`, "If-Match", tag); got.code != 200 {
		t.Errorf("the tag of a new answer: %d %s, want 200", got.code, got.body)
	}
}

// TestMinRevisionHeader: a read that carries the revision of a write sees it, and
// one that nobody made yet is waited for and refused.
func TestMinRevisionHeader(t *testing.T) {
	w := newWorld(t, "", Options{WaitLimit: 1})
	rev := w.join(t, "p-70")
	got := w.rest(t, "GET", "/v1/people/p-70", "", "Cairn-Min-Revision", fmt.Sprint(rev))
	if got.code != 200 {
		t.Errorf("%d %s, want 200", got.code, got.body)
	}
	for _, row := range []struct {
		value  string
		code   int
		reason string
	}{
		{fmt.Sprint(rev + 1), 503, "REVISION_AHEAD"}, {"x", 400, "INVALID"}, {"-1", 400, "INVALID"}, {"9007199254740992", 400, "INVALID"},
	} {
		got := w.rest(t, "GET", "/v1/people/p-70", "", "Cairn-Min-Revision", row.value)
		if got.code != row.code || got.problem(t).reason() != row.reason {
			t.Errorf("%s: %d %s, want %d %s", row.value, got.code, got.body, row.code, row.reason)
		}
	}
	// A POST takes it as well, and a greater one in the body counts.
	got = w.rest(t, "POST", "/v1/people/p-01/next-steps", `{"roles":["lead-data-analyst"],"minRevision":"99"}`, "Cairn-Min-Revision", "1")
	if got.code != 503 {
		t.Errorf("the greater of header and body: %d, want 503", got.code)
	}
}

// TestRESTRefusals: what is no call is refused with a reason.
func TestRESTRefusals(t *testing.T) {
	w := newWorld(t, "", Options{MaxRequestBytes: 50000})
	for _, row := range []struct {
		name, method, path, body string
		header                   []string
		code                     int
		reason                   string
	}{
		{"an unknown parameter", "GET", "/v1/roles?famly=x", "", nil, 400, "SHAPE"},
		{"an unknown part of a parameter", "GET", "/v1/people/p-01/achievements/x:complete?limits.work=1", "", nil, 400, "SHAPE"},
		{"a parameter that is in the path", "GET", "/v1/roles/data-analyst?id=x", "", nil, 400, "SHAPE"},
		{"a parameter of another type", "GET", "/v1/roles?pageSize=many", "", nil, 400, "SHAPE"},
		{"a parameter twice", "GET", "/v1/roles?pageSize=1&page_size=2", "", nil, 400, "SHAPE"},
		{"a query of a POST", "POST", "/v1/facts:record?dryRun=true", `{"people":[{"id":"x"}]}`, nil, 400, "SHAPE"},
		{"a body that is no JSON", "POST", "/v1/facts:record", `{"people":`, nil, 400, "SHAPE"},
		{"an unknown field", "POST", "/v1/facts:record", `{"persons":[]}`, nil, 400, "SHAPE"},
		{"a body over the limit", "POST", "/v1/facts:record", `{"people":[{"id":"` + strings.Repeat("x", 60000) + `"}]}`, nil, 429, "REQUEST_TOO_LARGE"},
		{"no such path", "GET", "/v2/roles", "", nil, 404, "NO_SUCH_PATH"},
		{"no such verb", "GET", "/v1/catalog:prune", "", nil, 404, "NO_SUCH_PATH"},
		{"another method", "DELETE", "/v1/roles/data-analyst", "", nil, 405, "METHOD_NOT_ALLOWED"},
		{"an encoded zero", "GET", "/v1/roles/a%00b", "", nil, 400, "SHAPE"},
		{"another host", "GET", "/v1/roles", "", []string{"Host", "evil.example"}, 403, "FOREIGN_HOST"},
		{"another host with a port", "GET", "/", "", []string{"Host", "evil.example:80"}, 403, "FOREIGN_HOST"},
		{"a page of another site", "POST", "/v1/facts:record", `{"people":[{"id":"x"}]}`, []string{"Origin", "https://evil.example"}, 403, "FOREIGN_ORIGIN"},
		{"a form of another site", "POST", "/v1/facts:record", `{"people":[{"id":"x"}]}`, []string{"Sec-Fetch-Site", "cross-site", "Content-Type", "text/plain"}, 403, "FOREIGN_ORIGIN"},
		{"a form that would be a GET", "POST", "/v1/roles", "pageSize=1", []string{"Content-Type", "application/x-www-form-urlencoded"}, 405, "METHOD_NOT_ALLOWED"},
		{"a method in a header", "POST", "/v1/roles", "x", []string{"X-HTTP-Method-Override", "GET"}, 405, "METHOD_NOT_ALLOWED"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.rest(t, row.method, row.path, row.body, row.header...)
			if got.code != row.code || got.problem(t).reason() != row.reason {
				t.Errorf("%d %s, want %d %s", got.code, got.body, row.code, row.reason)
			}
			if ct := got.header.Get("Content-Type"); ct != "application/json" {
				t.Errorf("the content type is %q", ct)
			}
		})
	}
	if n := w.live.Head().Revision; n != 2 {
		t.Errorf("the revision is %d, want 2: something was written", n)
	}
	local := w.rest(t, "GET", "/v1/ping", "", "Host", "cairn.localhost:9")
	if local.code != 200 {
		t.Errorf("a name below localhost: %d, want 200", local.code)
	}
}

// TestShapeFields: a violation of the shape names its field.
func TestShapeFields(t *testing.T) {
	w := newWorld(t, "", Options{})
	got := w.rest(t, "POST", "/v1/facts:record", `{"awards":[{"person":"p-01","achievement":""}]}`).problem(t)
	var fields []string
	for _, d := range got.Details {
		for _, v := range d.FieldViolations {
			fields = append(fields, v.Field)
		}
	}
	if diff := cmp.Diff([]string{"awards[0].achievement", "awards[0].issued_at"}, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// TestRequestID: the caller's own id is echoed and in the answer, unless it
// cannot stand in a header; otherwise the server gives one.
func TestRequestID(t *testing.T) {
	w := newWorld(t, "", Options{})
	for _, row := range []struct {
		given string
		kept  bool
	}{{"abc-1", true}, {strings.Repeat("x", 128), true}, {strings.Repeat("x", 129), false}, {"a b", false}, {"ä", false}, {"", false}} {
		got := w.rest(t, "GET", "/v1/status", "", "X-Request-Id", row.given)
		var status cairnv1.GetStatusResponse
		got.into(t, &status)
		echoed := got.header.Get("X-Request-Id")
		if (echoed == row.given) != row.kept || echoed == "" || status.GetServed().GetRequestId() != echoed {
			t.Errorf("%q: the header is %q and the answer says %q", row.given, echoed, status.GetServed().GetRequestId())
		}
	}
}

// TestPages: what stands beside the calls.
func TestPages(t *testing.T) {
	w := newWorld(t, "", Options{Version: "v0.0.1"})
	index := w.rest(t, "GET", "/", "")
	if index.code != 200 || !bytes.Contains(index.body, []byte("/openapi.json")) || !bytes.Contains(index.body, []byte("v0.0.1")) {
		t.Errorf("the index is %d %s", index.code, index.body)
	}
	doc := w.rest(t, "GET", "/openapi.json", "")
	if doc.code != 200 || !bytes.Equal(doc.body, openapi.JSON) || !json.Valid(doc.body) {
		t.Errorf("the OpenAPI document is %d with %d bytes", doc.code, len(doc.body))
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := w.rest(t, "GET", path, ""); got.code != 200 {
			t.Errorf("%s is %d", path, got.code)
		}
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := w.rest(t, "GET", "/readyz", ""); got.code != http.StatusServiceUnavailable {
		t.Errorf("/readyz without a store is %d, want 503", got.code)
	}
	if got := w.rest(t, "GET", "/healthz", ""); got.code != 200 {
		t.Errorf("/healthz without a store is %d, want 200", got.code)
	}
	if got := w.rest(t, "POST", "/v1/facts:record", `{"people":[{"id":"x"}]}`); got.code != http.StatusServiceUnavailable || got.problem(t).reason() != "UNAVAILABLE" {
		t.Errorf("a write without a store is %d %s, want 503 and the reason UNAVAILABLE", got.code, got.body)
	}
	head := w.rest(t, "HEAD", "/v1/roles/data-analyst", "")
	if head.code != 200 || len(head.body) != 0 || head.header.Get("Etag") == "" {
		t.Errorf("HEAD is %d with %d bytes and the tag %q", head.code, len(head.body), head.header.Get("Etag"))
	}
}

// TestDefaultsAreWritten: zero and false are in the JSON, as the description says.
func TestDefaultsAreWritten(t *testing.T) {
	w := newWorld(t, "", Options{})
	body := string(w.rest(t, "GET", "/v1/roles/data-analyst", "").body)
	for _, want := range []string{`"optional":`, `"threshold":"0"`, `"cutByTime":false`} {
		if !strings.Contains(strings.ReplaceAll(body, " ", ""), want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
}
