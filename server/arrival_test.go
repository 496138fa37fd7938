package server

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
)

// arrival is a world in which facts and publications come in some order.
type arrival struct {
	live  *graph.Live
	facts *factService
	asks  *pathwayService
}

// newArrival is the world of base, to which things come that nobody else sees.
func newArrival(base *graph.Snapshot) *arrival {
	live := graph.Fork(base)
	s := &Server{live: live, now: func() graph.Instant { return noon }, opts: Options{WaitLimit: time.Second}}
	return &arrival{live, &factService{Server: s}, &pathwayService{Server: s}}
}

func (a *arrival) publish(t *rapid.T, b graph.Batch) {
	b.At = noon
	if _, err := a.live.Commit(t.Context(), b, graph.CommitOptions{}); err != nil {
		t.Fatal(err)
	}
}

// day is n days after the beginning of the tests' world.
func day(n int) time.Time { return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

var badges = []graph.ID{"a", "b", "c"}

// arrivalCatalog is three badges of which two stack into a micro-credential
// that a role asks for, beside a level.
func arrivalCatalog() graph.Batch {
	life := graph.Lifecycle{Status: graph.InForce, EffectiveFrom: graph.InstantOf(day(0))}
	b := graph.Batch{Competencies: []graph.Competency{{ID: "skill", Title: graph.NewText(graph.Translation{Lang: "en", Value: "Skill"})}}}
	for _, id := range badges {
		b.Achievements = append(b.Achievements, graph.Achievement{
			ID: id, Lifecycle: life, Type: graph.Badge, Rigor: graph.Assessed, Title: graph.NewText(graph.Translation{Lang: "en", Value: string(id)}),
			Routes: []graph.Route{{ID: "course", Kind: graph.ByCourse, EffortMinutes: 60}},
		})
	}
	b.Achievements[2].Attests = []graph.Attestation{{Competency: "skill", Level: 1}}
	b.Achievements = append(b.Achievements, arrivalStack(life, graph.Holds("a"), graph.Holds("b")))
	of := graph.All(graph.Holds("stack"), graph.AtLevel("skill", 1))
	graph.NameNodes(&of)
	b.Roles = []graph.Role{{ID: "role", Lifecycle: life, Title: graph.NewText(graph.Translation{Lang: "en", Value: "Role"}), Essential: &of}}
	return b
}

func arrivalStack(life graph.Lifecycle, of ...graph.Requirement) graph.Achievement {
	all := graph.All(of...)
	graph.NameNodes(&all)
	return graph.Achievement{
		ID: "stack", Lifecycle: life, Type: graph.MicroCredential, Rigor: graph.Assessed,
		Title:  graph.NewText(graph.Translation{Lang: "en", Value: "Stack"}),
		Routes: []graph.Route{{ID: "stack", Kind: graph.ByStack, Award: graph.Automatic, Requires: &all}},
	}
}

// TestArrival: the same facts and publications, in other commits and another
// order, give the same answers at every instant.
func TestArrival(t *testing.T) {
	store, err := filestore.Open(filepath.Join(t.TempDir(), "arrival.cairn"), filestore.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	live, err := graph.Open(t.Context(), store, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		live.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	begin := arrivalCatalog()
	begin.At = noon
	if _, err := live.Commit(t.Context(), begin, graph.CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.IntRange(1, 400)
		drawDay := func(name string) *timestamppb.Timestamp { return timestamppb.New(day(days.Draw(t, name))) }
		var awards []*cairnv1.AwardFact
		for i := range rapid.IntRange(0, 8).Draw(t, "awards") {
			a := &cairnv1.AwardFact{
				Person: rapid.SampledFrom([]string{"ada", "ben"}).Draw(t, "person"), Version: 1,
				Achievement: string(rapid.SampledFrom(badges).Draw(t, "badge")), IssuedAt: drawDay("issued"), Key: fmt.Sprint(i),
			}
			if rapid.Bool().Draw(t, "lapses") {
				a.Validity = &cairnv1.AwardFact_ValidUntil{ValidUntil: timestamppb.New(a.GetIssuedAt().AsTime().AddDate(0, 0, 1+days.Draw(t, "valid")))}
			}
			awards = append(awards, a)
		}
		var claims []*cairnv1.ClaimFact
		for i := range rapid.IntRange(0, 3).Draw(t, "claims") {
			claims = append(claims, &cairnv1.ClaimFact{
				Person: "ada", Competency: "skill", Level: int32(rapid.IntRange(0, 1).Draw(t, "level")), By: fmt.Sprint("by", i%2),
				Rigor: cairnv1.Rigor(rapid.IntRange(1, 4).Draw(t, "rigor")), At: timestamppb.New(day(days.Draw(t, "at")*4 + i)),
			})
		}
		var edits []graph.Batch
		if rapid.Bool().Draw(t, "edit") {
			life := graph.Lifecycle{
				Status: graph.InForce, EffectiveFrom: graph.InstantOf(day(days.Draw(t, "effective"))),
				OnChange: rapid.SampledFrom([]graph.ChangePolicy{graph.Grandfather, graph.Reevaluate, graph.Grace}).Draw(t, "policy"),
			}
			if life.OnChange == graph.Grace {
				life.GraceUntil = graph.InstantOf(life.EffectiveFrom.Time().AddDate(0, 0, 1+days.Draw(t, "grace")))
			}
			edits = append(edits, graph.Batch{Achievements: []graph.Achievement{arrivalStack(life, graph.Holds("a"), graph.Holds("c"))}})
		}
		steps := len(awards) + len(claims) + len(edits)
		order := make([]int, steps)
		for i := range order {
			order[i] = i
		}
		order = rapid.Permutation(order).Draw(t, "order")

		one := newArrival(live.Head())
		for _, e := range edits {
			one.publish(t, e)
		}
		q := &cairnv1.RecordFactsRequest{People: []*cairnv1.PersonFact{{Id: "ada"}, {Id: "ben"}}, Awards: awards, Claims: claims}
		one.record(t, q)

		two := newArrival(live.Head())
		two.record(t, &cairnv1.RecordFactsRequest{People: []*cairnv1.PersonFact{{Id: "ben"}, {Id: "ada"}}})
		batch := &cairnv1.RecordFactsRequest{}
		flush := func() {
			if len(batch.GetAwards())+len(batch.GetClaims()) > 0 {
				two.record(t, batch)
				batch = &cairnv1.RecordFactsRequest{}
			}
		}
		for _, i := range order {
			switch {
			case i < len(awards):
				batch.Awards = append(batch.Awards, awards[i])
			case i < len(awards)+len(claims):
				batch.Claims = append(batch.Claims, claims[i-len(awards)])
			default:
				flush()
				two.publish(t, edits[i-len(awards)-len(claims)])
			}
			if rapid.Bool().Draw(t, "commit") {
				flush()
			}
		}
		flush()
		for _, at := range []time.Time{day(50), day(200), day(401), noon.Time(), day(2000)} {
			for _, person := range []string{"ada", "ben"} {
				here, there := one.ask(t, person, at), two.ask(t, person, at)
				if !slices.EqualFunc(here, there, proto.Equal) {
					t.Errorf("%s at %s (-in one commit +in the order %v):\n%s", person, at.Format(time.DateOnly), order, cmp.Diff(here, there, protocmp.Transform()))
				}
			}
		}
	})
}

func (a *arrival) record(t *rapid.T, q *cairnv1.RecordFactsRequest) {
	r, err := a.facts.RecordFacts(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if r.GetAnswer().GetRefused() > 0 {
		t.Fatalf("refused: %v", briefs(r.GetAnswer()))
	}
}

// ask is what is answered of a person at an instant, without the revision.
func (a *arrival) ask(t *rapid.T, person string, at time.Time) []proto.Message {
	stack, err := a.asks.CompleteStack(t.Context(), &cairnv1.CompleteStackRequest{Person: person, Achievement: "stack", AsOf: timestamppb.New(at), WithPlan: true})
	if err != nil {
		t.Fatal(err)
	}
	gap, err := a.asks.RoleGap(t.Context(), &cairnv1.RoleGapRequest{Person: person, Role: "role", AsOf: timestamppb.New(at)})
	if err != nil {
		t.Fatal(err)
	}
	next, err := a.asks.RecommendNextSteps(t.Context(), &cairnv1.RecommendNextStepsRequest{Person: person, Roles: []string{"role"}, AsOf: timestamppb.New(at)})
	if err != nil {
		t.Fatal(err)
	}
	stack.Answer.Basis.Revision, gap.Answer.Basis.Revision, next.Answer.Basis.Revision = 0, 0, 0
	return []proto.Message{stack.GetAnswer(), gap.GetAnswer(), next.GetAnswer()}
}
