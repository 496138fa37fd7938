package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

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
		{"a weak one", gap, "W/" + tag, 304},
		{"none", gap, ``, 200},
		{"no tag", gap, `,`, 200},
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
	lines, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+gap, nil)
	if err != nil {
		t.Fatal(err)
	}
	lines.Header["If-None-Match"] = []string{`"x"`, tag}
	res, err := w.web.Do(lines)
	if err != nil {
		t.Fatal(err)
	}
	if _ = res.Body.Close(); res.StatusCode != http.StatusNotModified {
		t.Errorf("two lines of tags: %d, want 304", res.StatusCode)
	}
	post := w.rest(t, "POST", "/v1/people/p-03/next-steps", `{"roles":["lead-data-analyst"]}`, "If-None-Match", "*")
	if post.code != 200 {
		t.Errorf("a POST with If-None-Match: %d, want 200", post.code)
	}

	// The tag of the status is that of its revision, whenever it is asked.
	clock := noon
	other := newWorld(t, w.path+".other", Options{Now: func() graph.Instant { clock++; return clock }})
	status := other.rest(t, "GET", "/v1/status", "").header.Get("Etag")
	if got := other.rest(t, "GET", "/v1/status", "", "If-None-Match", status); status == "" || got.code != 304 {
		t.Errorf("the status a moment later: %d with %q, want 304", got.code, status)
	}
	if got := other.rest(t, "GET", "/v1/status?asOf=2026-01-01T00:00:00Z", "", "If-None-Match", status); got.code != 200 {
		t.Errorf("the status of another instant: %d, want 200", got.code)
	}
	other.join(t, "p-51")
	if got := other.rest(t, "GET", "/v1/status", "", "If-None-Match", status); got.code != 200 {
		t.Errorf("the status after a commit: %d, want 200", got.code)
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
	var logged bytes.Buffer
	w := newWorld(t, "", Options{WaitLimit: 1, Log: slog.New(slog.NewTextHandler(&logged, nil))})
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
	// Whoever asks can cause this; nothing is wrong with the server.
	if w.end(); logged.Len() > 0 {
		t.Errorf("the log is\n%s", logged.String())
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
		{"a body over the limit", "POST", "/v1/facts:record", `{"people":[{"id":"` + strings.Repeat("x", 60000) + `"}]}`, nil, 413, "REQUEST_TOO_LARGE"},
		{"no such path", "GET", "/v2/roles", "", nil, 404, "NO_SUCH_PATH"},
		{"no such verb", "GET", "/v1/catalog:prune", "", nil, 404, "NO_SUCH_PATH"},
		{"another method", "DELETE", "/v1/roles/data-analyst", "", nil, 405, "METHOD_NOT_ALLOWED"},
		{"a parameter of a call without any", "GET", "/v1/ping?x=1", "", nil, 400, "SHAPE"},
		{"a query with a semicolon", "GET", "/v1/roles?family=a;b", "", nil, 400, "SHAPE"},
		{"a query that is not UTF-8", "GET", "/v1/roles?family=%ff", "", nil, 400, "SHAPE"},
		{"a path that is not UTF-8", "GET", "/v1/roles/%ff", "", nil, 400, "SHAPE"},
		{"an origin that is not UTF-8", "POST", "/v1/facts:record", "{}", []string{"Origin", "http://\xff"}, 403, "FOREIGN_ORIGIN"},
		{"a limit that is none", "GET", "/v1/ping", "", []string{"Grpc-Timeout", "bogus"}, 400, "SHAPE"},
		{"a slash at the end", "GET", "/v1/roles/", "", nil, 404, "NO_SUCH_PATH"},
		{"a person that is nothing", "GET", "/v1/people//awards", "", nil, 404, "NO_SUCH_PATH"},
		{"another type", "POST", "/v1/facts:record", `{"people":[{"id":"x"}]}`, []string{"Content-Type", "text/xml"}, 415, "MEDIA_TYPE"},
		{"a form", "POST", "/v1/facts:record", `{"people":[{"id":"x"}]}`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "MEDIA_TYPE"},
		{"another character set", "POST", "/v1/facts:record", `{"people":[{"id":"x"}]}`, []string{"Content-Type", "application/json; charset=latin1"}, 415, "MEDIA_TYPE"},
		{"JSON and more", "POST", "/v1/facts:record", `{"people":[{"id":"x"}]} and more`, nil, 400, "SHAPE"},
		{"another person than in the path", "POST", "/v1/people/p-01/next-steps", `{"person":"p-02","roles":["lead-data-analyst"]}`, nil, 400, "SHAPE"},
		{"another method for a page", "POST", "/healthz", "{}", nil, 405, "METHOD_NOT_ALLOWED"},
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
			id := got.header.Get("X-Request-Id")
			if id == "" || !slices.ContainsFunc(got.problem(t).Details, func(d detail) bool { return d.RequestID == id }) {
				t.Errorf("the error does not name the request %q: %s", id, got.body)
			}
			if words := library.FindString(got.problem(t).Message); words != "" {
				t.Errorf("the message has words of a library, %q: %s", words, got.problem(t).Message)
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

// library is what only libraries say.
var library = regexp.MustCompile(`proto:|strconv|parsing|unmarshal|invalid (syntax|character|value)|unexpected|bytes long|must be at least \d+ bytes|cairn\.v1`)

// TestFaults: a request that cannot be read is answered with the field, what
// would be right and, in a body, the line.
func TestFaults(t *testing.T) {
	w := newWorld(t, "", Options{})
	const facts, next, plan, roles = "/v1/facts:record", "/v1/people/p-03/next-steps", "/v1/people/p-03/pathways:plan", "/v1/roles"
	for _, row := range []struct{ path, body, field, message string }{
		{roles + "?asOf=yesterday", "", "as_of", "must be a time, for example 2026-10-15T12:00:00Z"},
		{roles + "?asOf=0000-01-01T00:00:00Z", "", "as_of", "must be a time, for example 2026-10-15T12:00:00Z"},
		{roles + "?pageSize=many", "", "page_size", "must be a whole number of 32 bits"},
		{roles + "?pageSize=1&pageSize=2", "", "page_size", "is given 2 times, and has one value"},
		{roles + "?pageSize=1&page_size=2", "", "page_size", "is given under two names"},
		{roles + "?minRevision=-1", "", "min_revision", "must be a whole number of 64 bits, 0 at least"},
		{roles + "?all=maybe", "", "all", "must be true or false"},
		{roles + "?famly=x", "", "famly", "is no parameter of this call; GET /openapi.json lists those it has"},
		{roles + "/data-analyst?id=x", "", "id", "stands in the path already"},
		{roles + "?languages=", "", "languages[0]", "is missing or empty"},
		{roles + "?family=" + strings.Repeat("x", 600), "", "family", "has 600 bytes; at most 512 are allowed"},
		{"/v1/competencies?kind=NOPE", "", "kind", "must be COMPETENCY_KIND_SKILL or "},
		{"/v1/search:resolve?kind=KIND_SCALE&name=x", "", "kind", "must be KIND_COMPETENCY or KIND_ACHIEVEMENT or KIND_ROLE or KIND_PERSON or KIND_LADDER"},
		{"/v1/search", "", "q", "is missing or empty"},
		{"/v1/search?q=a&kinds=99", "", "kinds", "must be KIND_COMPETENCY or KIND_ACHIEVEMENT or KIND_ROLE or KIND_PERSON"},
		{"/v1/search?q=a&kinds=KIND_ROLE&kinds=KIND_ROLE", "", "kinds", "names something twice"},
		{next + "?limits=x", "", "limits", "must be given by its fields, for example limits.workUnits"},
		{next + "?competencies.targets=x", "", "competencies.targets", "does not fit into a query; ask with POST and a body"},
		{next + "?asOf.seconds=1", "", "asOf.seconds", "is no parameter of this call"},
		{facts, "{\n  \"people\": [{\"id\": \"x\"},]\n}", "", "the body is not JSON at line 2, column 26"},
		{facts, `{"people":[{"id":"x"}]} and more`, "", "the body is not JSON at line 1, column 25"},
		{facts, "{\"people\":[{\"id\":\"\xff\"}]}", "", "the body is not UTF-8 at line 1, column 19"},
		{facts, `[]`, "", "the body must be an object in braces (line 1, column 1)"},
		{facts, `{"persons":[]}`, "persons", "is no field here; GET /openapi.json lists those there are (line 1, column 2)"},
		{facts, `{"people":[{"id":"x"},{"id":5}]}`, "people[1].id", "must be a text in quotes (line 1, column 29)"},
		{facts, `{"people":{}}`, "people", "must be a list in brackets (line 1, column 11)"},
		{facts, `{"people":[{"id":"x"}],"people":[]}`, "people", "is given twice (line 1, column 24)"},
		{facts, "{\"awards\":[{\"person\":\"ä\",\n\"issuedAt\":\"yesterday\"}]}", "awards[0].issued_at", `must be a time, for example "2026-10-15T12:00:00Z" (line 2, column 12)`},
		{facts, `{"awards":[{"rigor":"HIGH"}]}`, "awards[0].rigor", "must be RIGOR_DECLARED or RIGOR_ENDORSED or RIGOR_ASSESSED or RIGOR_PROCTORED (line 1, column 21)"},
		{facts, `{"awards":[{"source":"NOPE"}]}`, "awards[0].source", "must be AWARD_SOURCE_ASSESSMENT or AWARD_SOURCE_IMPORT or AWARD_SOURCE_PRIOR_LEARNING or AWARD_SOURCE_MIGRATION (line 1, column 22)"},
		{facts, `{"awards":[{"validUntil":"2026-01-01T00:00:00Z","neverLapses":true}]}`, "awards[0].never_lapses", "stands beside another field of which there can be only one (line 1, column 49)"},
		{facts, `{"claims":[{"level":1.5}]}`, "claims[0].level", "must be a whole number of 32 bits (line 1, column 21)"},
		{facts, `{"people":[{"id":"x"}],"dryRun":"true"}`, "dry_run", "must be true or false (line 1, column 33)"},
		{facts, `{"people":[null]}`, "people[0]", "must be an object in braces (line 1, column 12)"},
		{facts, `{"people":[{"id":"x"}],"ifRevision":-1}`, "if_revision", "must be a whole number, 0 at least (line 1, column 37)"},
		{"/v1/catalog:lint", `{"files":[{"name":"a.yaml","content":"%"}]}`, "files[0].content", "must be bytes in base64 (line 1, column 38)"},
		{plan, `{"goal":{"role":"a"},"person":"p-04"}`, "person", "is another in the body than in the path"},
		{plan, `{}`, "goal", "is missing"},
		{facts + "?dryRun=true", `{}`, "dryRun", "stands in the query; a POST takes its fields in the body"},
	} {
		method := http.MethodGet
		if row.body != "" {
			method = http.MethodPost
		}
		got := w.rest(t, method, row.path, row.body)
		p := got.problem(t)
		if want := strings.TrimPrefix(row.field+": "+row.message, ": "); got.code != 400 || !strings.HasPrefix(p.Message, want) {
			t.Errorf("%s %s: %d\n got %s\nwant %s", row.path, row.body, got.code, p.Message, want)
		}
		field := func(d detail) bool {
			return slices.ContainsFunc(d.FieldViolations, func(v violation) bool { return v.Field == row.field })
		}
		if row.field != "" && !slices.ContainsFunc(p.Details, field) {
			t.Errorf("%s %s: no violation names the field %s: %s", row.path, row.body, row.field, got.body)
		}
		if p.subject() != row.field {
			t.Errorf("%s %s: the subject is %q, want %q", row.path, row.body, p.subject(), row.field)
		}
	}
	if got := w.rest(t, "GET", "/v1/search?q=a&kinds=99", "").problem(t); !strings.HasSuffix(got.Message, "or KIND_PERSON") {
		t.Errorf("words that the field does not take are offered: %s", got.Message)
	}
	// What protojson reads is read.
	for _, body := range []string{
		`{"people":[{"id":"x"}],"awards":null,"dryRun":true}`, ` { "people" : [ { "id" : "x" } ] , "dry_run" : true } `,
		`{"claims":[{"person":"p-01","competency":"sql","level":"1","rigor":1,"at":"2026-01-01T00:00:00+01:00"}],"dryRun":true}`,
	} {
		if got := w.rest(t, "POST", facts, body, "Content-Type", "application/json; charset=UTF-8"); got.code != 200 {
			t.Errorf("%s: %d %s", body, got.code, got.body)
		}
	}
}

// TestAllow: a method that a path does not take is refused with those it takes.
func TestAllow(t *testing.T) {
	w := newWorld(t, "", Options{})
	for _, row := range []struct{ method, path, want string }{
		{"DELETE", "/v1/roles/data-analyst", "GET, HEAD"},
		{"OPTIONS", "/v1/roles", "GET, HEAD"},
		{"PUT", "/v1/people/p-01/next-steps", "GET, HEAD, POST"},
		{"GET", "/v1/facts:record", "POST"},
		{"HEAD", "/v1/catalog:apply", "POST"},
		{"BREW", "/v1/people/p-01/achievements/a%2Fb:complete", "GET, HEAD"},
		{"POST", "/readyz", "GET, HEAD"},
	} {
		got := w.rest(t, row.method, row.path, "")
		if got.code != 405 || got.header.Get("Allow") != row.want {
			t.Errorf("%s %s: %d with Allow %q, want 405 with %q", row.method, row.path, got.code, got.header.Get("Allow"), row.want)
		}
	}
	if got := w.rest(t, "DELETE", "/v1/none", ""); got.code != 404 || got.header.Get("Allow") != "" {
		t.Errorf("no path: %d with Allow %q, want 404", got.code, got.header.Get("Allow"))
	}
	for _, path := range []string{"/", "/healthz", "/openapi.json", "/v1/status"} {
		if got := w.rest(t, "HEAD", path, ""); got.code != 200 || len(got.body) > 0 {
			t.Errorf("HEAD %s: %d with %d bytes", path, got.code, len(got.body))
		}
	}
}

// TestRoutes: every path of the gateway has its route, so that none is read
// without a check.
func TestRoutes(t *testing.T) {
	w := newWorld(t, "", Options{})
	h := w.server.handler.(*web)
	for _, row := range doorRows {
		verb := http.MethodGet
		if row.body != "" {
			verb = http.MethodPost
		}
		if got := w.rest(t, verb, row.path, row.body); got.code == 500 {
			t.Errorf("%s %s: %s", verb, row.path, got.body)
		}
	}
	for _, x := range h.routes {
		for i := range x.input.Fields().Len() {
			f := x.input.Fields().Get(i)
			if x.method == http.MethodGet && f.Kind() == protoreflect.BytesKind {
				t.Errorf("%s: no query has bytes such as %s", x.pattern, f.FullName())
			}
		}
	}
}

// TestSlowBody: a body that does not arrive in time ends its request, and one
// that does lets its connection live longer.
func TestSlowBody(t *testing.T) {
	w := newWorld(t, "", Options{CallLimit: 300 * time.Millisecond})
	connect := func() net.Conn {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	ask := func(c net.Conn, body string, length int) (int, string) {
		t.Helper()
		_, err := fmt.Fprintf(c, "POST /v1/facts:record HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", length, body)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	if code, text := ask(connect(), `{"people":[`, 100); code != 408 || !strings.Contains(text, `"reason":"SLOW_BODY"`) {
		t.Errorf("a slow body: %d %s, want 408 and the reason SLOW_BODY", code, text)
	}
	whole := `{"people":[{"id":"x"}],"dryRun":true}`
	c := connect()
	for range 2 {
		if code, text := ask(c, whole, len(whole)); code != 200 {
			t.Errorf("a whole body: %d %s", code, text)
		}
		time.Sleep(400 * time.Millisecond) // beyond the limit of the first body
	}
}

// TestForeignGRPC: gRPC over net/http's HTTP/2 is refused to other hosts as
// everything is.
func TestForeignGRPC(t *testing.T) {
	w := newWorld(t, "", Options{})
	front := httptest.NewUnstartedServer(w.server.Handler())
	front.Config.Protocols = new(http.Protocols)
	front.Config.Protocols.SetUnencryptedHTTP2(true)
	front.Start()
	defer front.Close()
	for authority, want := range map[string]codes.Code{"localhost": codes.OK, "evil.example": codes.PermissionDenied} {
		conn, err := grpc.NewClient("passthrough:///"+front.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithAuthority(authority))
		if err != nil {
			t.Fatal(err)
		}
		_, err = cairnv1.NewSystemServiceClient(conn).Ping(t.Context(), &cairnv1.PingRequest{})
		if status.Code(err) != want {
			t.Errorf("to %s: %v, want %v", authority, err, want)
		}
		_ = conn.Close()
	}
}

// TestHandlerPanic: a panic outside of a call is answered and logged as one in it.
func TestHandlerPanic(t *testing.T) {
	var logged bytes.Buffer
	w := newWorld(t, "", Options{Log: slog.New(slog.NewTextHandler(&logged, nil))})
	w.server.handler.(*web).pages["/panic"] = func(http.ResponseWriter, *http.Request) { panic("p-01") }
	got := w.rest(t, "GET", "/panic", "")
	if got.code != 500 || got.problem(t).reason() != "INTERNAL" {
		t.Errorf("%d %s, want 500", got.code, got.body)
	}
	if text := logged.String(); strings.Contains(text, "p-01") || !strings.Contains(text, "panic of a string") {
		t.Errorf("the log is\n%s", text)
	}
}

// TestSqueeze: what stands between the tokens goes, and nothing else does.
func TestSqueeze(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": 1, "b c": [ true, "\" x, \\" , null ] }`: `{"a":1,"b c":[true,"\" x, \\",null]}`,
		`{"a":1}`: `{"a":1}`, ``: ``, `" "`: `" "`,
	} {
		if got := string(squeeze([]byte(text))); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestSameBytes: no body has spaces between its tokens, which differ by build.
func TestSameBytes(t *testing.T) {
	w := newWorld(t, "", Options{})
	for _, row := range doorRows {
		verb := http.MethodGet
		if row.body != "" {
			verb = http.MethodPost
		}
		got := w.rest(t, verb, row.path, row.body)
		var compact bytes.Buffer
		if err := json.Compact(&compact, got.body); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(compact.Bytes(), got.body) {
			t.Errorf("%s: %s", row.path, got.body)
		}
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
