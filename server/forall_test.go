package server

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// TestForAll: what every answer has over REST, whatever was asked: its revision
// and instant, how complete it is, the labels of what it names, its tag and the
// id of its call; and no number that JavaScript cannot read.
func TestForAll(t *testing.T) {
	w := newWorld(t, "", Options{})
	for _, row := range doorRows {
		if row.reason != "" || row.rpc == "SystemService/Ping" {
			continue
		}
		service, method, _ := strings.Cut(row.rpc, "/")
		_, response := messagesOf(t, service, method)
		verb := http.MethodGet
		if row.body != "" {
			verb = http.MethodPost
		}
		got := w.rest(t, verb, row.path, row.body)
		got.into(t, response)
		name := verb + " " + row.path
		served := response.(interface{ GetServed() *cairnv1.Served }).GetServed()
		if served.GetRequestId() != got.header.Get("X-Request-Id") || served.GetEtag() == "" || served.GetEtag() != got.header.Get("Etag") {
			t.Errorf("%s: served %v, headers %v", name, served, got.header)
		}
		r := response.ProtoReflect()
		answer := r.Get(r.Descriptor().Fields().ByName("answer")).Message()
		basis := answer.Interface().(interface{ GetBasis() *cairnv1.Basis }).GetBasis()
		if basis.GetRevision() != 2 || basis.GetAsOf() == nil || basis.GetCompleteness().GetState() == cairnv1.Completeness_STATE_UNSPECIFIED {
			t.Errorf("%s: the basis is %v", name, basis)
		}
		if (basis.GetCompleteness().GetState() == cairnv1.Completeness_STATE_PARTIAL) != (len(basis.GetCompleteness().GetMissing()) > 0) {
			t.Errorf("%s: partial and nothing missing, or the other way round: %v", name, basis.GetCompleteness())
		}
		labeled, _ := answer.Interface().(interface {
			GetLabels() map[string]*cairnv1.Label
		})
		for key, label := range labels(labeled) {
			if label.GetTitle() == "" || label.GetKind() == 0 {
				t.Errorf("%s: the label %s is %v", name, key, label)
			}
		}
		eachScalar(answer, func(f protoreflect.FieldDescriptor, v protoreflect.Value) {
			switch f.Kind() {
			case protoreflect.StringKind:
				kind, named := namedKinds[f.Name()]
				key := kind.String() + "/" + v.String()
				titled := kind == graph.KindPerson && w.live.Head().Name(graph.ID(v.String())) != "" ||
					named && len(titleOf(w.live.Head().Catalog, kind, graph.ID(v.String()))) > 0
				if titled && labeled != nil && labels(labeled)[key] == nil && !strings.Contains(row.path, "omitLabels") {
					t.Errorf("%s: %s is %s, which has no label", name, f.FullName(), v)
				}
			case protoreflect.Int64Kind, protoreflect.Uint64Kind:
				if n, err := strconv.ParseInt(v.String(), 10, 64); err != nil || n > 1<<53 || n < -1<<53 {
					t.Errorf("%s: %s is %v, beyond 53 bits", name, f.FullName(), v)
				}
			default:
			}
		})
	}
}

// withLabels is an answer that labels what it names.
type withLabels interface {
	GetLabels() map[string]*cairnv1.Label
}

func labels(x withLabels) map[string]*cairnv1.Label {
	if x == nil {
		return nil
	}
	return x.GetLabels()
}

// namedKinds are the fields that name an entry of a kind.
var namedKinds = map[protoreflect.Name]graph.Kind{
	"competency": graph.KindCompetency, "competencies": graph.KindCompetency, "broader": graph.KindCompetency,
	"achievement": graph.KindAchievement, "achievements": graph.KindAchievement, "suggested_after": graph.KindAchievement,
	"role": graph.KindRole, "roles": graph.KindRole, "advances_to": graph.KindRole, "moves_to": graph.KindRole,
	"person": graph.KindPerson, "manager": graph.KindPerson, "by": graph.KindPerson,
	"issuer": graph.KindIssuer, "issuers": graph.KindIssuer, "scale": graph.KindScale, "framework": graph.KindFramework,
	"ladder": graph.KindLadder,
}

// eachScalar calls do with every value in a message that is no message.
func eachScalar(m protoreflect.Message, do func(protoreflect.FieldDescriptor, protoreflect.Value)) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		one := func(f protoreflect.FieldDescriptor, v protoreflect.Value) {
			if f.Message() != nil {
				eachScalar(v.Message(), do)
			} else {
				do(f, v)
			}
		}
		switch {
		case f.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				one(f.MapValue(), v)
				return true
			})
		case f.IsList():
			for i := range v.List().Len() {
				one(f, v.List().Get(i))
			}
		default:
			one(f, v)
		}
		return true
	})
}
