package pathway

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/graphtest"
)

// instanceFiles are the shared instance files whose names match.
func instanceFiles(tb testing.TB, match string) []string {
	tb.Helper()
	dir := filepath.Join(graphtest.SharedDir(tb), "pathway", "instances")
	files, err := filepath.Glob(filepath.Join(dir, match))
	if err != nil {
		tb.Fatal(err)
	}
	if len(files) == 0 {
		tb.Skipf("NOT TESTED: %s needs the shared pathway instances and %s has none that match %s", tb.Name(), dir, match)
	}
	return files
}

// TestSharedInstances asks every query of the shared instances and compares the
// status and the optimal values; plans, cores and regrets are checked by a
// closure of the tests' own.
func TestSharedInstances(t *testing.T) {
	for _, f := range instanceFiles(t, "*-*.json") {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".json"), func(t *testing.T) {
			in := loadInstance(t, f)
			c := graph.CompileBatch(in.batch(t))
			for i := range in.Queries {
				q := &in.Queries[i]
				t.Run(q.ID, func(t *testing.T) { askShared(t, in, q, c) })
			}
		})
	}
}

// loadCatalog loads one of the large shared catalogs.
func loadCatalog(tb testing.TB, name string) *instance {
	tb.Helper()
	path := filepath.Join(graphtest.SharedDir(tb), "pathway", "bench", name+".json.gz")
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		tb.Skipf("NOT TESTED: %s needs the shared catalog %s", tb.Name(), path)
	}
	if err != nil {
		tb.Fatal(err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	in := new(instance)
	if err := errors.Join(json.NewDecoder(z).Decode(in), z.Close(), f.Close()); err != nil {
		tb.Fatal(err)
	}
	return in
}

// TestSharedOrganization asks a third of the queries of a catalog of 2,000
// achievements and 300 roles. The file has the least hours; the rest of an
// answer is checked by a closure of the tests' own, and by asking again in a
// catalog whose one cost is both, weighed so that the values order it as the
// objective and its tie-break do.
func TestSharedOrganization(t *testing.T) {
	in := loadCatalog(t, "organization")
	c, n := graph.CompileBatch(in.batch(t)), naive{t, in}
	scalar := map[Objective]*graph.Catalog{Hours: in.weighed(t, Hours), Money: in.weighed(t, Money)}
	for i := 0; i < len(in.Queries); i += 3 {
		q := &in.Queries[i]
		plans := make(map[Objective]Plan)
		for _, o := range []Objective{Hours, Money} {
			plan := mustSolve(t, q.profile(c), q.goal(), o, Limits{Exclude: q.Forbid})
			if plan.Status.String() != q.Expected.Status || !plan.Canonical || plan.Bound != plan.Total.Of(o) {
				t.Errorf("%s by %v: %v, canonical %v, bound %d of %d; want %s",
					q.ID, o, plan.Status, plan.Canonical, plan.Bound, plan.Total.Of(o), q.Expected.Status)
			}
			n.check(q, &plan)
			plans[o] = plan
			both := mustSolve(t, q.profile(scalar[o]), q.goal(), Hours, Limits{Exclude: q.Forbid})
			if want := in.weigh(o, plan.Total.EffortMinutes, plan.Total.PriceMinor); both.Status != Optimal || both.Bound != want {
				t.Errorf("%s by %v: %+v weigh %d; the least is %d (%v)", q.ID, o, plan.Total, want, both.Bound, both.Status)
			}
		}
		byHours, byMoney := plans[Hours].Total, plans[Money].Total
		if byHours.EffortMinutes != q.Expected.Hours {
			t.Errorf("%s: %d hours, want %d", q.ID, byHours.EffortMinutes, q.Expected.Hours)
		}
		if byMoney.PriceMinor > byHours.PriceMinor || byMoney.EffortMinutes < byHours.EffortMinutes {
			t.Errorf("%s: %+v by hours, %+v by money: one is less in what the other is the least in", q.ID, byHours, byMoney)
		}
	}
}

// weigh is a cost as one number that orders like an objective and then the
// other of hours and money: the objective counts more than all of the other.
func (in *instance) weigh(o Objective, hours, money int64) int64 {
	allHours, allMoney := int64(0), int64(0)
	for _, item := range in.Items {
		for _, r := range item.Routes {
			allHours, allMoney = allHours+r.Hours, allMoney+r.Money
		}
	}
	if o == Money {
		return money*(1+allHours) + hours
	}
	return hours*(1+allMoney) + money
}

// weighed is the catalog of in with the weight of each route for its effort and
// no price.
func (in *instance) weighed(tb testing.TB, o Objective) *graph.Catalog {
	tb.Helper()
	b := in.batch(tb)
	for i := range b.Achievements {
		for j := range b.Achievements[i].Routes {
			r := &b.Achievements[i].Routes[j]
			r.EffortMinutes, r.Price.Amount = in.weigh(o, r.EffortMinutes, r.Price.Amount), 0
		}
	}
	return graph.CompileBatch(b)
}

func askShared(t *testing.T, in *instance, q *query, c *graph.Catalog) {
	t.Helper()
	n := naive{t, in}
	p := q.profile(c)
	want := map[Objective][]int64{Hours: q.Expected.HM, Money: q.Expected.MH}
	for _, o := range []Objective{Hours, Money} {
		plan := mustSolve(t, p, q.goal(), o, Limits{Exclude: q.Forbid})
		if plan.Status.String() != q.Expected.Status {
			t.Fatalf("%v: %v, want %s", o, plan.Status, q.Expected.Status)
		}
		if plan.Status == Unreachable {
			n.checkCore(q, plan.Core)
			continue
		}
		got := []int64{plan.Total.EffortMinutes, plan.Total.PriceMinor}
		if o == Money {
			got[0], got[1] = got[1], got[0]
		}
		if diff := cmp.Diff(want[o], got); diff != "" || plan.Bound != got[0] || !plan.Canonical {
			t.Errorf("%v: bound %d, canonical %v, values (-want +got):\n%s", o, plan.Bound, plan.Canonical, diff)
		}
		n.check(q, &plan)
		if o == Hours {
			checkRegrets(t, p, q, &plan)
		}
	}
}

// checkRegrets compares what leaving out each achievement costs; those that the
// file does not list cost nothing.
func checkRegrets(t *testing.T, p *graph.Profile, q *query, plan *Plan) {
	t.Helper()
	if q.Expected.Regret == nil {
		return
	}
	ids := make(map[string]bool)
	for id := range q.Expected.Regret {
		ids[id] = true
	}
	for i := range plan.Steps {
		ids[string(plan.Steps[i].Version.ID)] = true
	}
	for id := range ids {
		without := mustSolve(t, p, q.goal(), Hours, Limits{Exclude: append([]graph.ID{graph.ID(id)}, q.Forbid...)})
		want, listed := q.Expected.Regret[id]
		switch {
		case listed && want == nil:
			if without.Status != Unreachable {
				t.Errorf("without %s: %v, want unreachable", id, without.Status)
			}
		case without.Status != Optimal:
			t.Errorf("without %s: %v, want optimal", id, without.Status)
		default:
			w := int64(0)
			if listed {
				w = *want
			}
			if got := without.Total.EffortMinutes - plan.Total.EffortMinutes; got != w {
				t.Errorf("regret of %s is %d, want %d", id, got, w)
			}
		}
	}
}
