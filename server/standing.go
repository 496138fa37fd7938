package server

import (
	"slices"
	"strconv"

	"google.golang.org/protobuf/types/known/timestamppb"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// standing turns what graph and pathway found about one profile into messages.
// On the way it collects what the answer needs besides: labels, the versions of
// the rules that decided, the scales, and what could not be decided. It serves
// one answer and one goroutine.
type standing struct {
	server  *Server
	profile *graph.Profile
	catalog *graph.Catalog
	labels  *labeler
	rules   rules
	scales  []graph.ID // sorted, each once
	missing []*cairnv1.Reason
}

// standing is a writer of an answer about p at snap.
func (s *Server) standing(snap *graph.Snapshot, p *graph.Profile, languages []string, omitLabels bool) *standing {
	return &standing{
		server: s, profile: p, catalog: snap.Catalog, labels: s.labeler(snap, languages, omitLabels), rules: rules{list: make([]rule, 0, 8)},
	}
}

// scale notes that a competency in the answer is measured on a scale, whose ID
// it returns; empty for none.
func (t *standing) scale(c graph.CompetencyIndex) string {
	if c == graph.None {
		return ""
	}
	e, _ := t.catalog.CompetencyEntry(c)
	if e.Scale == "" {
		return ""
	}
	if t.labels.out != nil {
		if i, there := slices.BinarySearch(t.scales, e.Scale); !there {
			t.scales = slices.Insert(t.scales, i, e.Scale)
		}
		t.labels.add(graph.KindScale, e.Scale)
	}
	return string(e.Scale)
}

// scalesOut are the scales of the competencies in the answer, by ID.
func (t *standing) scalesOut() []*cairnv1.Scale {
	if len(t.scales) == 0 {
		return nil
	}
	b := t.server.bookOf(t.catalog)
	out := make([]*cairnv1.Scale, 0, len(t.scales))
	for _, id := range t.scales {
		if x := b.scale(id); x != nil {
			out = append(out, x)
		}
	}
	return out
}

// scale is a scale as a message, shared by answers and read-only; nil for none.
func (b *book) scale(id graph.ID) *cairnv1.Scale {
	if x, ok := b.scales.Load(id); ok {
		return x.(*cairnv1.Scale)
	}
	x, ok := b.catalog.Scale(id)
	if !ok {
		return nil
	}
	out := scaleOut(x)
	b.scales.Store(id, out)
	return out
}

// nodeStates maps the states of graph to those of the messages.
var nodeStates = [...]cairnv1.NodeState{
	graph.StateMet:     cairnv1.NodeState_NODE_STATE_MET,
	graph.StateUnknown: cairnv1.NodeState_NODE_STATE_UNKNOWN,
	graph.StateTooWeak: cairnv1.NodeState_NODE_STATE_TOO_WEAK,
	graph.StateStale:   cairnv1.NodeState_NODE_STATE_STALE,
	graph.StateLapsed:  cairnv1.NodeState_NODE_STATE_LAPSED,
	graph.StateMissing: cairnv1.NodeState_NODE_STATE_MISSING,
}

// tree is how the nodes of a rule stand; nil for a rule that asks nothing. Its
// messages are made in one piece, since they live and die together.
func (t *standing) tree(tree *graph.Tree, results []graph.NodeResult) *cairnv1.NodeStatus {
	if tree == nil {
		return nil
	}
	nodes := make([]cairnv1.NodeStatus, len(tree.Nodes))
	links := make([]*cairnv1.NodeStatus, 0, len(tree.Nodes))
	evidence := make([]shownEvidence, 0, withEvidence(results))
	for i := range nodes {
		n, r, m := &tree.Nodes[i], &results[i], &nodes[i]
		m.Node, m.State, m.Progress = n.Node, nodeStates[r.State], r.Progress
		from := len(links)
		for _, c := range n.Children {
			links = append(links, &nodes[c])
		}
		m.Children = links[from:len(links):len(links)]
		if len(n.Children) > 0 || n.Op == graph.OpAtLeast || n.Op == graph.OpCredits {
			t.inner(m, n, r, results)
		} else {
			t.leaf(m, n, r)
			if r.Evidence >= 0 {
				evidence = append(evidence, shownEvidence{})
				m.Evidence = t.show(&evidence[len(evidence)-1], r.Evidence)
				m.Reasons = append(m.Reasons, t.why(n, r, m.GetEvidence())...)
			}
		}
		if r.State == graph.StateUnknown {
			undecided := &cairnv1.Reason{Code: "UNDECIDED", Node: n.Node}
			m.Reasons = append(m.Reasons, undecided)
			t.missing = append(t.missing, undecided)
		}
	}
	return &nodes[0]
}

func (t *standing) inner(m *cairnv1.NodeStatus, n *graph.TreeNode, r *graph.NodeResult, results []graph.NodeResult) {
	if n.Op == graph.OpCredits {
		m.Asks = &cairnv1.NodeStatus_Credits{Credits: &cairnv1.CreditsStatus{
			NeededHundredths: n.Credits, CountedHundredths: r.Credits, Sharing: sharingOut(n.Requirement),
			Minima: each(n.Min, categoryOut), Maxima: each(n.Max, categoryOut),
		}}
		return
	}
	met := int32(0)
	for _, c := range n.Children {
		if results[c].State == graph.StateMet {
			met++
		}
	}
	m.Asks = &cairnv1.NodeStatus_AtLeast{AtLeast: &cairnv1.AtLeastStatus{K: int32(n.K), Met: met, Sharing: sharingOut(n.Requirement)}}
}

func (t *standing) leaf(m *cairnv1.NodeStatus, n *graph.TreeNode, r *graph.NodeResult) {
	switch n.Op {
	case graph.OpHolds:
		id := n.Requirement.Achievement
		t.labels.add(graph.KindAchievement, id)
		t.labels.add(graph.KindIssuer, n.Requirement.Issuers...)
		asks := &struct {
			asks  cairnv1.NodeStatus_Holds
			holds cairnv1.Holds
		}{}
		asks.holds.Achievement, asks.holds.Issuers = string(id), idsOut(n.Requirement.Issuers)
		asks.holds.FreshWithinMonths, asks.holds.MinRigor = int32(n.FreshWithinMonths), rigorOut(n.MinRigor)
		asks.asks.Holds = &asks.holds
		m.Asks = &asks.asks
		if n.Achievement == graph.None {
			m.Reasons = append(m.Reasons, unknownID(n.Node, graph.KindAchievement, id))
		}
	case graph.OpLevel:
		id := n.Requirement.Competency
		t.labels.add(graph.KindCompetency, id)
		m.Asks = &cairnv1.NodeStatus_Level{Level: &cairnv1.LevelStatus{
			Competency: string(id), Scale: t.scale(n.Competency), Needed: int32(n.Level), Held: int32(r.Level), MinRigor: rigorOut(n.MinRigor),
		}}
		if n.Competency == graph.None {
			m.Reasons = append(m.Reasons, unknownID(n.Node, graph.KindCompetency, id))
		}
	case graph.OpTenure:
		s := &cairnv1.TenureStatus{NeededMonths: int32(n.Months), HeldMonths: int32(r.Months)}
		if n.Role != "" {
			t.labels.add(graph.KindRole, n.Role)
			s.In = &cairnv1.TenureStatus_Role{Role: string(n.Role)}
		} else {
			s.In = &cairnv1.TenureStatus_Family{Family: string(n.Family)}
		}
		m.Asks = &cairnv1.NodeStatus_Tenure{Tenure: s}
	default: // an inner node
	}
}

// withEvidence is how many leaves have evidence.
func withEvidence(results []graph.NodeResult) int {
	n := 0
	for i := range results {
		if results[i].Evidence >= 0 {
			n++
		}
	}
	return n
}

func unknownID(node string, k graph.Kind, id graph.ID) *cairnv1.Reason {
	return &cairnv1.Reason{Code: "UNKNOWN_ID", Node: node, Params: map[string]string{"kind": k.String(), "id": string(id)}}
}

// why are the reasons why a leaf with evidence stands as it does; none if it is
// plainly met.
func (t *standing) why(n *graph.TreeNode, r *graph.NodeResult, shown *cairnv1.Evidence) (to []*cairnv1.Reason) {
	e := &t.profile.Evidence()[r.Evidence]
	add := func(code string, params map[string]string) {
		reason := &cairnv1.Reason{Code: code, Params: params, Node: n.Node}
		if e.Version != nil {
			reason.Award = e.Fact.String()
			reason.Rule = &cairnv1.RuleVersion{
				Kind: cairnv1.Kind_KIND_ACHIEVEMENT, Id: string(e.Version.ID), Version: int32(e.Version.Version),
			}
		}
		to = append(to, reason)
	}
	switch r.State {
	case graph.StateTooWeak:
		if e.Version != nil && e.Valid && !e.Counts {
			add("PREREQUISITE_ENFORCED", map[string]string{"achievement": string(e.Version.ID)})
		}
		if e.Rigor < n.MinRigor {
			add("RIGOR_TOO_LOW", map[string]string{"rigor": e.Rigor.String(), "min_rigor": n.MinRigor.String()})
		}
		if len(n.Issuers) > 0 && !slices.Contains(n.Issuers, e.Issuer) {
			issuer := issuerID(t.catalog, e.Issuer)
			t.labels.add(graph.KindIssuer, issuer)
			add("ISSUER_NOT_ACCEPTED", map[string]string{"issuer": string(issuer)})
		}
	case graph.StateStale:
		add("AWARD_STALE", map[string]string{
			"issued_at": e.IssuedAt.String(), "fresh_within_months": strconv.Itoa(n.FreshWithinMonths),
		})
	case graph.StateLapsed:
		add("AWARD_LAPSED", map[string]string{"valid_until": e.ValidUntil.String()})
	case graph.StateMet:
		if n.Op == graph.OpHolds && e.Version != nil && e.Version.Index != n.Achievement {
			add("REPLACED", map[string]string{"held": string(e.Version.ID)})
		}
		if shown.GetPrerequisiteUnmet() {
			add("PREREQUISITE_UNMET", map[string]string{"achievement": string(e.Version.ID)})
		}
	default: // plainly missing, or undecided
	}
	return to
}

// evidence is the i-th evidence of the profile; nil for -1.
func (t *standing) evidence(i int32) *cairnv1.Evidence {
	if i < 0 {
		return nil
	}
	return t.show(new(shownEvidence), i)
}

// shownEvidence is evidence with its parts, in one piece.
type shownEvidence struct {
	evidence      cairnv1.Evidence
	award         cairnv1.Evidence_Award
	claim         cairnv1.Evidence_Claim
	issued, until timestamppb.Timestamp
}

// show makes in m what evidenceOut makes of the i-th evidence of the profile.
func (t *standing) show(m *shownEvidence, i int32) *cairnv1.Evidence {
	e := &t.profile.Evidence()[i]
	out := &m.evidence
	out.Rigor, out.Counts, out.IssuedAt = rigorOut(e.Rigor), e.Counts, setStamp(&m.issued, e.IssuedAt)
	if e.ValidUntil != graph.Forever && e.ValidUntil != 0 {
		out.ValidUntil = setStamp(&m.until, e.ValidUntil)
	}
	if e.Version == nil {
		id := t.catalog.CompetencyID(e.Competency)
		m.claim.Claim = e.Fact.String()
		out.Fact, out.Competency, out.Level = &m.claim, string(id), int32(e.Level)
		t.labels.add(graph.KindCompetency, id)
		return out
	}
	t.rules.achievement(e.Version)
	m.award.Award = e.Fact.String()
	out.Fact, out.Achievement, out.Version = &m.award, string(e.Version.ID), int32(e.Version.Version)
	out.PrerequisiteUnmet = t.profile.PrerequisiteUnmet(i)
	t.labels.add(graph.KindAchievement, e.Version.ID)
	return out
}

// award is the i-th evidence of the profile, an award; nil for -1.
func (t *standing) award(i int32) *cairnv1.Award {
	if i < 0 {
		return nil
	}
	e := &t.profile.Evidence()[i]
	t.rules.achievement(e.Version)
	e.PrereqUnmet = t.profile.PrerequisiteUnmet(i)
	return awardOut(t.profile, e, t.labels)
}
