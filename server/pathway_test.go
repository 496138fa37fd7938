package server

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/pathway"
)

// pathways are the two doors of one service: the port and the process.
func (w *world) pathways() map[string]cairnv1.PathwayServiceClient {
	return map[string]cairnv1.PathwayServiceClient{
		"port": cairnv1.NewPathwayServiceClient(w.conn), "process": cairnv1.NewPathwayServiceClient(w.server.Client()),
	}
}

// onDay is noon of a day as a message.
func onDay(year, month, day int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(year, time.Month(month), day, 12, 0, 0, 0, time.UTC))
}

// leaves are the states of the leaves below a node, by their names.
func leaves(n *cairnv1.NodeStatus) map[string]string {
	out := make(map[string]string)
	var walk func(*cairnv1.NodeStatus)
	walk = func(n *cairnv1.NodeStatus) {
		if n == nil {
			return
		}
		if len(n.GetChildren()) == 0 {
			out[n.GetNode()] = n.GetState().String()[len("NODE_STATE_"):]
		}
		for _, c := range n.GetChildren() {
			walk(c)
		}
	}
	walk(n)
	return out
}

func TestCompleteStack(t *testing.T) {
	w := newWorld(t, "", Options{})
	for _, row := range []struct {
		name                   string
		person, achievement    string
		asOf                   *timestamppb.Timestamp
		complete, held, counts bool
		progress               float64
		leaves                 map[string]string
		missing                string // a code that some reason of a leaf has
	}{
		{
			"all three parts are held, so it was awarded", "p-03", "business-data-analyst", nil, true, true, true, 1,
			map[string]string{"holds:charts-in-tableau": "MET", "holds:data-literacy-basics": "MET", "holds:sql-for-beginners": "MET"},
			"",
		},
		{
			"a part has lapsed since, and the award stays", "p-04", "business-data-analyst", nil, true, true, true, 1,
			map[string]string{"holds:charts-in-tableau": "LAPSED", "holds:data-literacy-basics": "MET", "holds:sql-for-beginners": "MET"},
			"AWARD_LAPSED",
		},
		{
			"two of three", "p-05", "business-data-analyst", nil, false, false, false, 2.0 / 3,
			map[string]string{"holds:charts-in-tableau": "MISSING", "holds:data-literacy-basics": "MET", "holds:sql-for-beginners": "MET"},
			"",
		},
		{
			"before anything was earned", "p-05", "business-data-analyst", onDay(2025, 1, 1), false, false, false, 0,
			map[string]string{"holds:charts-in-tableau": "MISSING", "holds:data-literacy-basics": "MISSING", "holds:sql-for-beginners": "MISSING"},
			"",
		},
		{
			"an achievement without a stack", "p-06", "data-literacy-basics", nil, true, true, true, 1, nil, "",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			q := &cairnv1.CompleteStackRequest{Person: row.person, Achievement: row.achievement, AsOf: row.asOf}
			var bytes []byte
			for door, client := range w.pathways() {
				r, err := client.CompleteStack(t.Context(), q)
				if err != nil {
					t.Fatalf("%s: %v", door, err)
				}
				a := r.GetAnswer()
				b, err := proto.MarshalOptions{Deterministic: true}.Marshal(a)
				if err != nil {
					t.Fatal(err)
				}
				if bytes != nil && string(bytes) != string(b) {
					t.Error("the doors answer other bytes")
				}
				bytes = b
				if a.GetComplete() != row.complete || a.GetHeld() != row.held || a.GetCounts() != row.counts || a.GetProgress() != row.progress {
					t.Errorf("complete %v, held %v, counts %v, progress %v", a.GetComplete(), a.GetHeld(), a.GetCounts(), a.GetProgress())
				}
				var got map[string]string
				for _, v := range a.GetVersions() {
					for _, s := range v.GetStacks() {
						got = leaves(s.GetRequirement())
						if row.missing != "" && !hasReason(s.GetRequirement(), row.missing) {
							t.Errorf("no leaf has the reason %s", row.missing)
						}
					}
				}
				if diff := cmp.Diff(row.leaves, got); diff != "" {
					t.Errorf("leaves (-want +got):\n%s", diff)
				}
				for _, id := range []string{"achievement/" + row.achievement, "person/" + row.person} {
					if a.GetLabels()[id].GetTitle() == "" {
						t.Errorf("no label for %s", id)
					}
				}
				if a.GetBasis().GetCompleteness().GetState() != cairnv1.Completeness_STATE_FULL || len(a.GetBasis().GetRuleVersions()) == 0 {
					t.Errorf("basis %v", a.GetBasis())
				}
			}
		})
	}
}

func hasReason(n *cairnv1.NodeStatus, code string) bool {
	for _, r := range n.GetReasons() {
		if r.GetCode() == code {
			return true
		}
	}
	for _, c := range n.GetChildren() {
		if hasReason(c, code) {
			return true
		}
	}
	return false
}

func TestCompleteStackParts(t *testing.T) {
	w := newWorld(t, "", Options{})
	client := cairnv1.NewPathwayServiceClient(w.conn)
	r, err := client.CompleteStack(t.Context(), &cairnv1.CompleteStackRequest{
		Person: "p-05", Achievement: "business-data-analyst", WithPlan: true, Languages: []string{"de"},
	})
	if err != nil {
		t.Fatal(err)
	}
	a := r.GetAnswer()
	if p := a.GetPlan(); p.GetStatus() != cairnv1.PlanStatus_PLAN_STATUS_OPTIMAL || p.GetTotal().GetEffortMinutes() != 600 ||
		p.GetTotal().GetPriceMinor() != 9000 || p.GetTotal().GetCurrency() != "EUR" {
		t.Errorf("the cheapest missing set is %v, want charts-in-tableau for 10 h and 90 EUR", p)
	}
	if l := a.GetLabels()["achievement/data-literacy-basics"]; l.GetTitle() != "Grundlagen der Datenkompetenz" || l.GetLanguage() != "de" {
		t.Errorf("the label in German is %v", l)
	}
	bare, err := client.CompleteStack(t.Context(), &cairnv1.CompleteStackRequest{Person: "p-05", Achievement: "business-data-analyst", OmitLabels: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(bare.GetAnswer().GetLabels())+len(bare.GetAnswer().GetScales()) > 0 {
		t.Error("labels are there although they were to be left out")
	}
	if size := proto.Size(bare); size > 1024 {
		t.Errorf("the answer on the example's stack has %d bytes, want 1024 at most", size)
	}
}

func TestRoleGap(t *testing.T) {
	w := newWorld(t, "", Options{})
	client := cairnv1.NewPathwayServiceClient(w.conn)
	ask := func(person, role string) *cairnv1.RoleGapAnswer {
		t.Helper()
		r, err := client.RoleGap(t.Context(), &cairnv1.RoleGapRequest{Person: person, Role: role, WithPlan: true})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetAnswer()
	}
	a := ask("p-05", "data-analyst")
	if a.GetQualified() || a.GetProgress() >= 1 || a.GetVersion() != 1 {
		t.Errorf("p-05 as data analyst: qualified %v, progress %v, version %d", a.GetQualified(), a.GetProgress(), a.GetVersion())
	}
	if m := a.GetMissingAchievements(); len(m) == 0 || m[0].GetAchievement() != "business-data-analyst" || m[0].GetNode().GetOptional() != 0 {
		t.Errorf("missing achievements %v, want business-data-analyst first", m)
	}
	var statistics *cairnv1.MissingCompetency
	for _, m := range a.GetMissingCompetencies() {
		if m.GetCompetency() == "statistics" {
			statistics = m
		}
	}
	if statistics.GetNeeded() != 3 || statistics.GetHeld() != 0 || statistics.GetScale() == "" {
		t.Errorf("statistics is missing as %v", statistics)
	}
	if len(a.GetScales()) != 1 || len(a.GetScales()[0].GetLevels()) < int(statistics.GetNeeded()) {
		t.Errorf("scales %v, want the one of statistics with its levels", a.GetScales())
	}
	if len(a.GetOptional()) != 2 || a.GetOptional()[0].GetWeight() != 2 {
		t.Errorf("optionals %v", a.GetOptional())
	}
	if a.GetPlan().GetStatus() != cairnv1.PlanStatus_PLAN_STATUS_OPTIMAL || len(a.GetPlan().GetSteps()) == 0 {
		t.Errorf("plan %v", a.GetPlan())
	}
	lead := ask("p-02", "lead-data-analyst")
	if len(lead.GetMissingTenures()) > 0 {
		t.Errorf("p-02 has worked in analytics since 2022, and lacks %v", lead.GetMissingTenures())
	}
	fresh := ask("p-06", "lead-data-analyst")
	if m := fresh.GetMissingTenures(); len(m) != 1 || m[0].GetFamily() != "analytics" || m[0].GetNeededMonths() != 24 ||
		m[0].GetHeldMonths() != 9 || m[0].GetReached().AsTime().Format(time.DateOnly) != "2028-01-15" {
		t.Errorf("tenure that p-06 lacks: %v, want 9 of 24 months, reached in January 2028", m)
	}
}

func TestPlanPathway(t *testing.T) {
	w := newWorld(t, "", Options{})
	client := cairnv1.NewPathwayServiceClient(w.conn)
	ask := func(q *cairnv1.PlanPathwayRequest) *cairnv1.PlanPathwayResponse {
		t.Helper()
		r, err := client.PlanPathway(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	role := &cairnv1.Goal{To: &cairnv1.Goal_Role{Role: "senior-data-analyst"}}
	hours := ask(&cairnv1.PlanPathwayRequest{Person: "p-05", Goal: role}).GetAnswer().GetPlan()
	money := ask(&cairnv1.PlanPathwayRequest{Person: "p-05", Goal: role, Objective: cairnv1.Objective_OBJECTIVE_MONEY}).GetAnswer().GetPlan()
	for _, p := range []*cairnv1.Plan{hours, money} {
		if p.GetStatus() != cairnv1.PlanStatus_PLAN_STATUS_OPTIMAL || !p.GetCanonical() || p.GetGap() != 0 || p.GetWorkUnits() == 0 {
			t.Errorf("status %v, canonical %v, gap %v, work %d", p.GetStatus(), p.GetCanonical(), p.GetGap(), p.GetWorkUnits())
		}
		var minutes int64
		for i, s := range p.GetSteps() {
			minutes += s.GetCost().GetEffortMinutes()
			for _, n := range s.GetNeeds() {
				if int(n) >= i {
					t.Errorf("step %d needs step %d, which comes later", i, n)
				}
			}
			if len(s.GetWhy()) == 0 || len(s.GetCloses()) == 0 {
				t.Errorf("step %s does not say why: %v", s.GetAchievement(), s)
			}
		}
		if minutes != p.GetTotal().GetEffortMinutes() {
			t.Errorf("the steps take %d minutes and the total says %d", minutes, p.GetTotal().GetEffortMinutes())
		}
	}
	if hours.GetTotal().GetEffortMinutes() > money.GetTotal().GetEffortMinutes() || hours.GetTotal().GetPriceMinor() < money.GetTotal().GetPriceMinor() ||
		hours.GetBound() != hours.GetTotal().GetEffortMinutes() || money.GetBound() != money.GetTotal().GetPriceMinor() {
		t.Errorf("hours %v, money %v", hours.GetTotal(), money.GetTotal())
	}

	blocked := ask(&cairnv1.PlanPathwayRequest{
		Person: "p-06", Goal: &cairnv1.Goal{To: &cairnv1.Goal_Achievement{Achievement: "business-data-analyst"}}, Exclude: []string{"sql-for-beginners"},
	}).GetAnswer().GetPlan()
	if blocked.GetStatus() != cairnv1.PlanStatus_PLAN_STATUS_UNREACHABLE || len(blocked.GetBlocked()) == 0 || blocked.GetTotal() != nil {
		t.Errorf("without SQL: %v, want unreachable and why", blocked)
	}

	levels := ask(&cairnv1.PlanPathwayRequest{Person: "p-06", Goal: &cairnv1.Goal{To: &cairnv1.Goal_Competencies{
		Competencies: &cairnv1.CompetencyGoal{Targets: []*cairnv1.CompetencyTarget{{Competency: "sql", Level: 2}}},
	}}})
	if p := levels.GetAnswer().GetPlan(); len(p.GetSteps()) == 0 {
		t.Errorf("a plan to a level: %v", p)
	}

	// The same question has the same bytes.
	q := &cairnv1.PlanPathwayRequest{Person: "p-06", Goal: role}
	first, second := ask(q).GetAnswer(), ask(q).GetAnswer()
	if !proto.Equal(first, second) {
		t.Error("the same question has two answers")
	}

	small := ask(&cairnv1.PlanPathwayRequest{Person: "p-06", Goal: role, Limits: &cairnv1.Limits{WorkUnits: 1}})
	if p := small.GetAnswer().GetPlan(); p.GetStatus() == cairnv1.PlanStatus_PLAN_STATUS_UNREACHABLE || small.GetServed().GetCutByTime() {
		t.Errorf("with one unit of work: %v, cut by time %v; want a plan and no cut", p.GetStatus(), small.GetServed().GetCutByTime())
	}
}

func TestRecommendNextSteps(t *testing.T) {
	w := newWorld(t, "", Options{})
	client := cairnv1.NewPathwayServiceClient(w.conn)
	r, err := client.RecommendNextSteps(t.Context(), &cairnv1.RecommendNextStepsRequest{
		Person: "p-05", Roles: []string{"data-analyst", "senior-data-analyst"}, MaxSteps: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	a := r.GetAnswer()
	if len(a.GetGoals()) != 2 || a.GetGoals()[1].GetGoal().GetRole() != "senior-data-analyst" || a.GetGoals()[0].GetRemaining().GetEffortMinutes() == 0 {
		t.Errorf("goals %v", a.GetGoals())
	}
	if len(a.GetSteps()) != 1 || a.GetTotal() < 2 || !a.GetProven() {
		t.Fatalf("%d of %d steps, proven %v; want 1 of several", len(a.GetSteps()), a.GetTotal(), a.GetProven())
	}
	s := a.GetSteps()[0]
	if s.GetReadiness() != cairnv1.NextStep_READINESS_AVAILABLE_NOW || s.Regret == nil || len(s.GetWhy()) == 0 || len(s.GetCloses()) == 0 {
		t.Errorf("the best step is %v", s)
	}
	open, err := client.RecommendNextSteps(t.Context(), &cairnv1.RecommendNextStepsRequest{Person: "p-06"})
	if err != nil {
		t.Fatal(err)
	}
	if len(open.GetAnswer().GetSteps()) == 0 || open.GetAnswer().GetSteps()[0].Regret != nil {
		t.Errorf("without a goal: %v", open.GetAnswer().GetSteps())
	}
}

func TestPathwayErrors(t *testing.T) {
	w := newWorld(t, "", Options{})
	client := cairnv1.NewPathwayServiceClient(w.conn)
	goal := func(role string) *cairnv1.Goal { return &cairnv1.Goal{To: &cairnv1.Goal_Role{Role: role}} }
	for _, row := range []struct {
		name string
		ask  func(context.Context) error
		code codes.Code
	}{
		{"nobody", func(ctx context.Context) error {
			_, err := client.CompleteStack(ctx, &cairnv1.CompleteStackRequest{Person: "nobody", Achievement: "business-data-analyst"})
			return err
		}, codes.NotFound},
		{"no such achievement", func(ctx context.Context) error {
			_, err := client.CompleteStack(ctx, &cairnv1.CompleteStackRequest{Person: "p-01", Achievement: "cooking"})
			return err
		}, codes.NotFound},
		{"no such role", func(ctx context.Context) error {
			_, err := client.RoleGap(ctx, &cairnv1.RoleGapRequest{Person: "p-01", Role: "cook"})
			return err
		}, codes.NotFound},
		{"no such goal", func(ctx context.Context) error {
			_, err := client.PlanPathway(ctx, &cairnv1.PlanPathwayRequest{Person: "p-01", Goal: goal("cook")})
			return err
		}, codes.NotFound},
		{"no goal", func(ctx context.Context) error {
			_, err := client.PlanPathway(ctx, &cairnv1.PlanPathwayRequest{Person: "p-01"})
			return err
		}, codes.InvalidArgument},
		{"excluding what is not there", func(ctx context.Context) error {
			_, err := client.PlanPathway(ctx, &cairnv1.PlanPathwayRequest{Person: "p-01", Goal: goal("data-analyst"), Exclude: []string{"cooking"}})
			return err
		}, codes.NotFound},
		{"a revision that does not come", func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			_, err := client.RoleGap(ctx, &cairnv1.RoleGapRequest{Person: "p-01", Role: "data-analyst", MinRevision: 999})
			return err
		}, codes.DeadlineExceeded},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := row.ask(t.Context()); status.Code(err) != row.code {
				t.Errorf("%v, want %v", err, row.code)
			}
		})
	}
}

func TestWithinTime(t *testing.T) {
	slow := func(ctx context.Context, l pathway.Limits) (int64, error) {
		if l.Work == cutWork {
			return l.Work, nil
		}
		<-ctx.Done()
		return 0, ctx.Err()
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		work, cut, err := withinTime(ctx, pathway.Limits{Work: 7}, slow)
		if work != cutWork || !cut || err != nil || time.Since(begun) != 9*time.Second {
			t.Errorf("a long search: %d, cut %v, %v after %s; want a cut after 9 s", work, cut, err, time.Since(begun))
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, cut, err := withinTime(gone, pathway.Limits{}, slow); cut || !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who is gone: cut %v, %v; want the end of the call", cut, err)
		}
		quick := func(context.Context, pathway.Limits) (int64, error) { return 1, nil }
		if _, cut, err := withinTime(ctx, pathway.Limits{}, quick); cut || err != nil {
			t.Errorf("a quick search: cut %v, %v", cut, err)
		}
	})
}
