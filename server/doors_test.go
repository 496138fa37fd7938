package server

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// doorRow is one call, as both doors take it. A path with a body is a POST.
type doorRow struct {
	rpc    string // CatalogService/GetRole
	path   string
	body   string // JSON; also the request of gRPC when there is one
	req    string // JSON of the request of gRPC
	reason string // of the error; empty for an answer
}

var doorRows = []doorRow{
	{rpc: "CatalogService/GetCompetency", path: "/v1/competencies/sql", req: `{"id":"sql"}`},
	{rpc: "CatalogService/GetCompetency", path: "/v1/competencies/sql?languages=de&languages=en&omitLabels=true", req: `{"id":"sql","languages":["de","en"],"omitLabels":true}`},
	{rpc: "CatalogService/GetCompetency", path: "/v1/competencies/none", req: `{"id":"none"}`, reason: "COMPETENCY_NOT_FOUND"},
	{rpc: "CatalogService/GetCompetency", path: "/v1/competencies/http%3A%2F%2Fno.where%2Fa%2541b", req: `{"id":"http://no.where/a%41b"}`, reason: "COMPETENCY_NOT_FOUND"},
	{rpc: "CatalogService/ListCompetencies", path: "/v1/competencies", req: `{}`},
	{rpc: "CatalogService/ListCompetencies", path: "/v1/competencies?kind=COMPETENCY_KIND_KNOWLEDGE&pageSize=2", req: `{"kind":"COMPETENCY_KIND_KNOWLEDGE","pageSize":2}`},
	{rpc: "CatalogService/ListCompetencies", path: "/v1/competencies?pageToken=x", req: `{"pageToken":"x"}`, reason: "PAGE_TOKEN"},
	{rpc: "CatalogService/GetAchievement", path: "/v1/achievements/business-data-analyst?version=1", req: `{"id":"business-data-analyst","version":1}`},
	{rpc: "CatalogService/GetAchievement", path: "/v1/achievements/business-data-analyst?version=9", req: `{"id":"business-data-analyst","version":9}`, reason: "VERSION_NOT_FOUND"},
	{rpc: "CatalogService/ListAchievements", path: "/v1/achievements?attests=sql", req: `{"attests":"sql"}`},
	{rpc: "CatalogService/ListAchievements", path: "/v1/achievements?pageSize=-1", req: `{"pageSize":-1}`, reason: "SHAPE"},
	{rpc: "CatalogService/GetRole", path: "/v1/roles/senior-data-analyst", req: `{"id":"senior-data-analyst"}`},
	{rpc: "CatalogService/GetRole", path: "/v1/roles/none", req: `{"id":"none"}`, reason: "ROLE_NOT_FOUND"},
	{rpc: "CatalogService/ListRoles", path: "/v1/roles?ladder=analytics-ladder", req: `{"ladder":"analytics-ladder"}`},
	{rpc: "CatalogService/ListRoles", path: "/v1/roles?minRevision=9007199254740991", req: `{"minRevision":"9007199254740991"}`, reason: "REVISION_AHEAD"},
	{rpc: "CatalogService/GetLadder", path: "/v1/ladders/analytics-ladder", req: `{"id":"analytics-ladder"}`},
	{rpc: "CatalogService/GetLadder", path: "/v1/ladders/none", req: `{"id":"none"}`, reason: "LADDER_NOT_FOUND"},
	{rpc: "CatalogService/ListLadders", path: "/v1/ladders", req: `{}`},
	{rpc: "CatalogService/ListLadders", path: "/v1/ladders?asOf=9999-12-31T23%3A59%3A59Z", req: `{"asOf":"9999-12-31T23:59:59Z"}`},
	{rpc: "CatalogService/ListLadders", path: "/v1/ladders?pageToken=AAAA", req: `{"pageToken":"AAAA"}`, reason: "PAGE_TOKEN"},
	{rpc: "CatalogService/LintCatalog", path: "/v1/catalog:lint", body: `{"files":[` + badFile + `]}`},
	{rpc: "CatalogService/LintCatalog", path: "/v1/catalog:lint", body: `{}`, reason: "SHAPE"},
	{rpc: "CatalogService/DiffCatalog", path: "/v1/catalog:diff", body: `{"files":[` + goodFile + `],"prune":true}`},
	{rpc: "CatalogService/DiffCatalog", path: "/v1/catalog:diff", body: `{"files":[]}`, reason: "SHAPE"},
	{rpc: "CatalogService/ApplyCatalog", path: "/v1/catalog:apply", body: `{"files":[` + goodFile + `],"dryRun":true}`},
	{rpc: "CatalogService/ApplyCatalog", path: "/v1/catalog:apply", body: `{"files":[` + badFile + `]}`, reason: "LAW"},
	{rpc: "CatalogService/ApplyCatalog", path: "/v1/catalog:apply", body: `{"files":[` + tornFile + `]}`, reason: "CATALOG_INVALID"},
	{rpc: "CatalogService/ApplyCatalog", path: "/v1/catalog:apply", body: `{"files":[` + goodFile + `],"ifRevision":"1"}`, reason: "REVISION_CHANGED"},
	{rpc: "CatalogService/ExportCatalog", path: "/v1/catalog:export?format=FORMAT_JSON", req: `{"format":"FORMAT_JSON"}`},
	{rpc: "CatalogService/ExportCatalog", path: "/v1/catalog:export?catalog=" + strings.Repeat("x", 513), req: `{"catalog":"` + strings.Repeat("x", 513) + `"}`, reason: "SHAPE"},
	{rpc: "PeopleService/GetPerson", path: "/v1/people/p-01", req: `{"person":"p-01"}`},
	{rpc: "PeopleService/GetPerson", path: "/v1/people/none", req: `{"person":"none"}`, reason: "PERSON_NOT_FOUND"},
	{rpc: "PeopleService/ListPeople", path: "/v1/people?unit=insights&manager=p-01", req: `{"unit":"insights","manager":"p-01"}`},
	{rpc: "PeopleService/ListPeople", path: "/v1/people?pageSize=1001", req: `{"pageSize":1001}`, reason: "SHAPE"},
	{rpc: "PeopleService/ListAwards", path: "/v1/people/p-01/awards?withEvidence=true", req: `{"person":"p-01","withEvidence":true}`},
	{rpc: "PeopleService/ListAwards", path: "/v1/people/none/awards", req: `{"person":"none"}`, reason: "PERSON_NOT_FOUND"},
	{rpc: "PeopleService/ListClaims", path: "/v1/people/p-02/claims?withEvidence=true&counting=true", req: `{"person":"p-02","withEvidence":true,"counting":true}`},
	{rpc: "PeopleService/ListClaims", path: "/v1/claims?competency=sql&pageSize=1", req: `{"competency":"sql","pageSize":1}`},
	{rpc: "PeopleService/ListClaims", path: "/v1/people/none/claims", req: `{"person":"none"}`, reason: "PERSON_NOT_FOUND"},
	{rpc: "PeopleService/ListClaims", path: "/v1/claims?pageSize=1001", req: `{"pageSize":1001}`, reason: "SHAPE"},
	{rpc: "PeopleService/GetInventory", path: "/v1/people/p-02/inventory?minRigor=RIGOR_ENDORSED", req: `{"person":"p-02","minRigor":"RIGOR_ENDORSED"}`},
	{rpc: "PeopleService/GetInventory", path: "/v1/people/none/inventory", req: `{"person":"none"}`, reason: "PERSON_NOT_FOUND"},
	{rpc: "FactService/RecordFacts", path: "/v1/facts:record", body: `{"people":[{"id":"p-99","name":"Nia"}],"dryRun":true}`},
	{rpc: "FactService/RecordFacts", path: "/v1/facts:record", body: `{}`, reason: "SHAPE"},
	{rpc: "PathwayService/CompleteStack", path: "/v1/people/p-03/achievements/business-data-analyst:complete", req: `{"person":"p-03","achievement":"business-data-analyst"}`},
	{rpc: "PathwayService/CompleteStack", path: "/v1/people/p-03/achievements/none:complete", req: `{"person":"p-03","achievement":"none"}`, reason: "ACHIEVEMENT_NOT_FOUND"},
	{rpc: "PathwayService/PlanPathway", path: "/v1/people/p-03/pathways:plan", body: `{"goal":{"role":"senior-data-analyst"}}`, req: `{"person":"p-03","goal":{"role":"senior-data-analyst"}}`},
	{rpc: "PathwayService/PlanPathway", path: "/v1/people/p-03/pathways:plan", body: `{"goal":{}}`, req: `{"person":"p-03","goal":{}}`, reason: "SHAPE"},
	{rpc: "PathwayService/RecommendNextSteps", path: "/v1/people/p-03/next-steps?roles=senior-data-analyst", req: `{"person":"p-03","roles":["senior-data-analyst"]}`},
	{rpc: "PathwayService/RecommendNextSteps", path: "/v1/people/p-03/next-steps", body: `{"roles":["senior-data-analyst"]}`, req: `{"person":"p-03","roles":["senior-data-analyst"]}`},
	{rpc: "PathwayService/RecommendNextSteps", path: "/v1/people/p-03/next-steps?roles=none", req: `{"person":"p-03","roles":["none"]}`, reason: "ROLE_NOT_FOUND"},
	{rpc: "PathwayService/RoleGap", path: "/v1/people/p-03/roles/lead-data-analyst:gap", req: `{"person":"p-03","role":"lead-data-analyst"}`},
	{rpc: "PathwayService/RoleGap", path: "/v1/people/none/roles/lead-data-analyst:gap", req: `{"person":"none","role":"lead-data-analyst"}`, reason: "PERSON_NOT_FOUND"},
	{rpc: "SearchService/Search", path: "/v1/search?q=sql", req: `{"q":"sql"}`},
	{rpc: "SearchService/Search", path: "/v1/search?q=tob&kinds=KIND_PERSON&kinds=KIND_ROLE", req: `{"q":"tob","kinds":["KIND_PERSON","KIND_ROLE"]}`},
	{rpc: "SearchService/Search", path: "/v1/search", req: `{}`, reason: "SHAPE"},
	{rpc: "SearchService/Search", path: "/v1/search?q=sql&kinds=KIND_SCALE", req: `{"q":"sql","kinds":["KIND_SCALE"]}`, reason: "SHAPE"},
	{rpc: "SearchService/Resolve", path: "/v1/search:resolve?kind=KIND_ROLE&name=data%20analyst", req: `{"kind":"KIND_ROLE","name":"data analyst"}`},
	{rpc: "SearchService/Resolve", path: "/v1/search:resolve?kind=KIND_SCALE&name=x", req: `{"kind":"KIND_SCALE","name":"x"}`, reason: "SHAPE"},
	{rpc: "SystemService/GetStatus", path: "/v1/status", req: `{}`},
	{rpc: "SystemService/GetStatus", path: "/v1/status?minRevision=77", req: `{"minRevision":"77"}`, reason: "REVISION_AHEAD"},
	{rpc: "SystemService/Ping", path: "/v1/ping", req: `{}`},
}

var (
	goodFile = fileJSON("good.yaml", "catalog: harborlight\nroles:\n  - {id: intern, title: Intern}\n")
	badFile  = fileJSON("bad.yaml", "catalog: bad\nroles:\n  - {id: bad-role, title: Bad, requires: none}\n")
	tornFile = fileJSON("torn.yaml", "catalog: bad\nroles: [\n")
)

func fileJSON(name, text string) string {
	return `{"name":"` + name + `","content":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
}

// TestDoors: the same call by gRPC and by REST has the same answer or the same
// error.
func TestDoors(t *testing.T) {
	w := newWorld(t, "", Options{WaitLimit: 1})
	answered, refused := make(map[string]bool), make(map[string]bool)
	for _, row := range doorRows {
		t.Run(row.rpc+" "+row.path, func(t *testing.T) {
			service, method, _ := strings.Cut(row.rpc, "/")
			request, response := messagesOf(t, service, method)
			asked := row.req
			if asked == "" {
				asked = row.body
			}
			if err := protojson.Unmarshal([]byte(asked), request); err != nil {
				t.Fatal(err)
			}
			err := w.conn.Invoke(t.Context(), "/cairn.v1."+row.rpc, request, response)
			verb := http.MethodGet
			if row.body != "" {
				verb = http.MethodPost
			}
			got := w.rest(t, verb, row.path, row.body)
			if row.reason != "" {
				refused[row.rpc] = true
				sameError(t, row.reason, err, got)
				return
			}
			answered[row.rpc] = true
			if err != nil {
				t.Fatalf("gRPC: %v", err)
			}
			if got.code != http.StatusOK {
				t.Fatalf("REST: %d %s", got.code, got.body)
			}
			other := response.ProtoReflect().New().Interface()
			got.into(t, other)
			if diff := cmp.Diff(response, other, protocmp.Transform(), protocmp.IgnoreFields(&cairnv1.Served{}, "request_id", "took_us")); diff != "" {
				t.Errorf("answers (-gRPC +REST):\n%s", diff)
			}
		})
	}
	for m := range methods() {
		if m.IsStreamingClient() {
			continue // no REST path
		}
		name := string(m.Parent().Name()) + "/" + string(m.Name())
		if !answered[name] {
			t.Errorf("%s has no row with an answer", name)
		}
		if !refused[name] && name != "SystemService/Ping" {
			t.Errorf("%s has no row with an error", name)
		}
	}
}

// messagesOf are an empty request and an empty response.
func messagesOf(t *testing.T, service, method string) (req, resp proto.Message) {
	t.Helper()
	for m := range methods() {
		if string(m.Parent().Name()) != service || string(m.Name()) != method {
			continue
		}
		in, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
		if err != nil {
			t.Fatal(err)
		}
		out, err := protoregistry.GlobalTypes.FindMessageByName(m.Output().FullName())
		if err != nil {
			t.Fatal(err)
		}
		return in.New().Interface(), out.New().Interface()
	}
	t.Fatalf("no RPC %s/%s", service, method)
	return nil, nil
}

// sameError fails unless both doors gave the error with this reason.
func sameError(t *testing.T, reason string, native error, got reply) {
	t.Helper()
	st := status.Convert(native)
	if r := reasonOf(st); r != reason {
		t.Errorf("gRPC: %v has the reason %q, want %q", native, r, reason)
	}
	var rest struct {
		Code    codes.Code
		Message string
	}
	p := got.problem(t)
	rest.Code, rest.Message = codes.Code(p.Code), p.Message
	if r := p.reason(); r != reason {
		t.Errorf("REST: %s has the reason %q, want %q", got.body, r, reason)
	}
	if rest.Code != st.Code() || rest.Message != st.Message() {
		t.Errorf("errors differ:\n gRPC %v %s\n REST %v %s", st.Code(), st.Message(), rest.Code, rest.Message)
	}
	if got.code != httpCode(st.Code()) {
		t.Errorf("REST answered %d, want %d", got.code, httpCode(st.Code()))
	}
	if got.header.Get("X-Request-Id") == "" || !strings.Contains(string(got.body), `"requestId":"`+got.header.Get("X-Request-Id")) {
		t.Errorf("the error does not name the request %q: %s", got.header.Get("X-Request-Id"), got.body)
	}
}

// TestEveryMethodHasAPath: every RPC but a streaming one has an HTTP binding.
func TestEveryMethodHasAPath(t *testing.T) {
	n := 0
	for m := range methods() {
		n++
		rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		if (rule.GetPattern() == nil) != m.IsStreamingClient() {
			t.Errorf("%s: HTTP binding %v", m.FullName(), rule)
		}
	}
	if n < 20 {
		t.Errorf("%d RPCs found, want 20 at least", n)
	}
}

func unmarshal(t *testing.T, text string, m proto.Message) {
	t.Helper()
	if err := protojson.Unmarshal([]byte(text), m); err != nil {
		t.Fatal(err)
	}
}

// forceRaw makes a call whose answer is bytes.
var forceRaw = grpc.ForceCodecV2(rawCodec{})

// answerBytes is the field 1, the answer, of a response as it came over the wire.
func answerBytes(t *testing.T, response []byte) []byte {
	t.Helper()
	for len(response) > 0 {
		number, _, n := protowire.ConsumeField(response)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		if number == 1 {
			return response[:n]
		}
		response = response[n:]
	}
	return nil
}
