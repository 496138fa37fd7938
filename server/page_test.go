package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// lists are all lists, each as a way to ask for a page and read what is on it.
func lists(w *world) map[string]func(ctx context.Context, size int32, token string) (ids []string, next string, total int32, basis *cairnv1.Basis, err error) {
	type page = func(context.Context, int32, string) ([]string, string, int32, *cairnv1.Basis, error)
	catalog, people, search := cairnv1.NewCatalogServiceClient(w.conn), cairnv1.NewPeopleServiceClient(w.conn), cairnv1.NewSearchServiceClient(w.conn)
	return map[string]page{
		"competencies": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := catalog.ListCompetencies(ctx, &cairnv1.ListCompetenciesRequest{PageSize: size, PageToken: token})
			a := r.GetAnswer()
			return idsOf(a.GetCompetencies()), a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
		"achievements": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := catalog.ListAchievements(ctx, &cairnv1.ListAchievementsRequest{PageSize: size, PageToken: token})
			a := r.GetAnswer()
			return idsOf(a.GetAchievements()), a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
		"roles": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := catalog.ListRoles(ctx, &cairnv1.ListRolesRequest{PageSize: size, PageToken: token})
			a := r.GetAnswer()
			return idsOf(a.GetRoles()), a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
		"ladders": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := catalog.ListLadders(ctx, &cairnv1.ListLaddersRequest{PageSize: size, PageToken: token})
			a := r.GetAnswer()
			return idsOf(a.GetLadders()), a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
		"people": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := people.ListPeople(ctx, &cairnv1.ListPeopleRequest{PageSize: size, PageToken: token})
			a := r.GetAnswer()
			var ids []string
			for _, p := range a.GetPeople() {
				ids = append(ids, p.GetPerson().GetId())
			}
			return ids, a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
		"people of a unit": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := people.ListPeople(ctx, &cairnv1.ListPeopleRequest{Unit: "insights", PageSize: size, PageToken: token})
			a := r.GetAnswer()
			var ids []string
			for _, p := range a.GetPeople() {
				ids = append(ids, p.GetPerson().GetId())
			}
			return ids, a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
		"awards": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := people.ListAwards(ctx, &cairnv1.ListAwardsRequest{Person: "p-01", PageSize: size, PageToken: token})
			a := r.GetAnswer()
			return idsOf(a.GetAwards()), a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
		"claims": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := people.ListClaims(ctx, &cairnv1.ListClaimsRequest{Person: "p-06", PageSize: size, PageToken: token})
			a := r.GetAnswer()
			return idsOf(a.GetClaims()), a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
		"claims of everybody": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := people.ListClaims(ctx, &cairnv1.ListClaimsRequest{PageSize: size, PageToken: token})
			a := r.GetAnswer()
			return idsOf(a.GetClaims()), a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
		"inventory": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := people.GetInventory(ctx, &cairnv1.GetInventoryRequest{Person: "p-01", PageSize: size, PageToken: token})
			a := r.GetAnswer()
			var ids []string
			for _, c := range a.GetCompetencies() {
				ids = append(ids, c.GetCompetency())
			}
			return ids, a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
		"search": func(ctx context.Context, size int32, token string) ([]string, string, int32, *cairnv1.Basis, error) {
			r, err := search.Search(ctx, &cairnv1.SearchRequest{Q: "a", PageSize: size, PageToken: token})
			a := r.GetAnswer()
			var ids []string
			for _, h := range a.GetHits() {
				ids = append(ids, fmt.Sprint(h.GetKind(), "/", h.GetId()))
			}
			return ids, a.GetNextPageToken(), a.GetTotal(), a.GetBasis(), err
		},
	}
}

func idsOf[T interface{ GetId() string }](list []T) []string {
	var out []string
	for _, x := range list {
		out = append(out, x.GetId())
	}
	return out
}

// TestPaging: the pages of a list make the whole, at one revision and instant,
// also while others commit and time goes by.
func TestPaging(t *testing.T) {
	clock := noon
	w := newWorld(t, "", Options{Now: func() graph.Instant { return clock }})
	for name, ask := range lists(w) {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int32{1, 3} {
				want, _, total, whole, err := ask(t.Context(), 1000, "")
				if err != nil {
					t.Fatal(err)
				}
				if int(total) != len(want) || len(want) < 2 {
					t.Fatalf("one large page has %d of %d, want all and more than one", len(want), total)
				}
				if byID := !strings.HasPrefix(name, "claims") && name != "awards" && name != "search"; byID && !slices.IsSorted(want) {
					t.Errorf("not by id: %v", want)
				}
				var got []string
				token := ""
				for i := 0; ; i++ {
					ids, next, n, basis, err := ask(t.Context(), size, token)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, ids...)
					if n != total || basis.GetRevision() != whole.GetRevision() || !proto.Equal(basis.GetAsOf(), whole.GetAsOf()) {
						t.Errorf("page %d is of %d and stands on %v, want %d and %v", i, n, basis, total, whole)
					}
					if next == "" {
						break
					}
					if len(ids) != int(size) {
						t.Errorf("page %d has %d entries, want %d", i, len(ids), size)
					}
					// Somebody joins at the front, and an hour goes by; not at every
					// page, since a list is pinned to one of the last 100 revisions.
					if i < 3 {
						w.join(t, graph.ID(fmt.Sprintf("a-%s-%d-%d", strings.ReplaceAll(name, " ", "-"), size, i)))
					}
					clock += 3_600_000
					token = next
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("pages of %d (-want +got):\n%s", size, diff)
				}
			}
		})
	}
}

// TestForeignTokens: a token serves the question it was given for, and no other.
func TestForeignTokens(t *testing.T) {
	w := newWorld(t, "", Options{})
	catalog := cairnv1.NewCatalogServiceClient(w.conn)
	first, err := catalog.ListRoles(t.Context(), &cairnv1.ListRolesRequest{PageSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	token := first.GetAnswer().GetNextPageToken()
	refused := func(name string, err error) {
		t.Helper()
		if st := status.Convert(err); st.Code() != codes.InvalidArgument || reasonOf(st) != "PAGE_TOKEN" {
			t.Errorf("%s: %v, want the reason PAGE_TOKEN", name, err)
		}
	}
	_, err = catalog.ListLadders(t.Context(), &cairnv1.ListLaddersRequest{PageToken: token})
	refused("another list", err)
	_, err = catalog.ListRoles(t.Context(), &cairnv1.ListRolesRequest{PageToken: token, All: true})
	refused("another filter", err)
	_, err = catalog.ListRoles(t.Context(), &cairnv1.ListRolesRequest{PageToken: token, AsOf: timestamppb.Now()})
	refused("another instant", err)
	for i := range len(token) {
		b := []byte(token)
		b[i] ^= 1
		if _, err := catalog.ListRoles(t.Context(), &cairnv1.ListRolesRequest{PageToken: string(b)}); err == nil {
			t.Errorf("a token with another byte %d is taken", i)
		}
		if _, err := catalog.ListRoles(t.Context(), &cairnv1.ListRolesRequest{PageToken: token[:i]}); err == nil && i > 0 {
			t.Errorf("a token of %d bytes is taken", i)
		}
	}
	if _, err := catalog.ListRoles(t.Context(), &cairnv1.ListRolesRequest{PageToken: token, PageSize: 7, MinRevision: 1}); err != nil {
		t.Errorf("another page size: %v", err)
	}
}

// TestGoneRevision: a list whose revision is no longer kept begins again.
func TestGoneRevision(t *testing.T) {
	w := newWorld(t, "", Options{})
	ask := lists(w)["roles"]
	_, token, _, _, err := ask(t.Context(), 2, "")
	if err != nil {
		t.Fatal(err)
	}
	// The last hundred revisions are kept, and each for a quarter of an hour of
	// commit time at least.
	for i := range 101 {
		if _, err := w.live.Commit(t.Context(), graph.Batch{At: noon + graph.Instant(i)*60_000, People: []graph.Person{{ID: graph.ID(fmt.Sprintf("x-%d", i))}}}, graph.CommitOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	_, _, _, _, err = ask(t.Context(), 2, token)
	if st := status.Convert(err); st.Code() != codes.OutOfRange || reasonOf(st) != "REVISION_GONE" {
		t.Errorf("%v, want %v and the reason REVISION_GONE", err, codes.OutOfRange)
	}
	got := w.rest(t, "GET", "/v1/roles?pageToken="+token, "")
	if got.code != 410 {
		t.Errorf("REST: %d %s, want 410", got.code, got.body)
	}
}

// TestTokens: what is written into a token is read from it, and strangers' text
// is refused without harm.
func TestTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := page{
			snap: &graph.Snapshot{Revision: graph.Revision(rapid.Uint64().Draw(t, "revision"))},
			at:   graph.Instant(rapid.Int64().Draw(t, "at")),
		}
		copy(p.question[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "question"))
		hi := rapid.IntRange(0, 1<<31-2).Draw(t, "hi")
		q := page{question: p.question}
		rev, err := q.open(p.next(hi, 1<<31-1))
		if err != nil || rev != p.snap.Revision || q.at != p.at || q.from != hi {
			t.Fatalf("written %+v up to %d, read %d %+v, %v", p, hi, rev, q, err)
		}
		if _, err := q.open(rapid.String().Draw(t, "text")); err == nil {
			t.Fatal("any text is a token")
		}
	})
}

// FuzzToken: no token does harm.
func FuzzToken(f *testing.F) {
	p := page{snap: &graph.Snapshot{Revision: 7}, at: noon}
	f.Add(p.next(3, 9))
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		var q page
		if _, err := q.open(token); err == nil && q.from < 0 {
			t.Errorf("%q begins at %d", token, q.from)
		}
	})
}

// TestEqualAnswers: two servers of the same content give the same answers, byte
// for byte, and so does one asked twice.
func TestEqualAnswers(t *testing.T) {
	one := newWorld(t, "", Options{})
	first := everyAnswer(t, one)
	if diff := cmp.Diff(first, everyAnswer(t, one)); diff != "" {
		t.Errorf("asked twice (-first +second):\n%s", diff)
	}
	one.end()
	two := newWorld(t, one.path, Options{})
	if diff := cmp.Diff(first, everyAnswer(t, two)); diff != "" {
		t.Errorf("after the store was opened again (-first +second):\n%s", diff)
	}
	other := newWorld(t, "", Options{})
	if diff := cmp.Diff(first, everyAnswer(t, other)); diff != "" {
		t.Errorf("of another store with the same content (-first +second):\n%s", diff)
	}
}

// everyAnswer is the bytes of the answer of every call that has one, by both doors,
// without what depends on the moment.
func everyAnswer(t *testing.T, w *world) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, row := range doorRows {
		if row.reason != "" {
			continue
		}
		service, method, _ := strings.Cut(row.rpc, "/")
		req, resp := messagesOf(t, service, method)
		asked := row.req
		if asked == "" {
			asked = row.body
		}
		unmarshal(t, asked, req)
		var raw rawMessage
		text, err := proto.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.conn.Invoke(t.Context(), "/cairn.v1."+row.rpc, rawMessage(text), &raw, forceRaw); err != nil {
			t.Fatal(err)
		}
		if err := proto.Unmarshal(raw, resp); err != nil {
			t.Fatal(err)
		}
		out[row.rpc+" "+row.path+" "+row.body] = string(answerBytes(t, raw))
		verb := "GET"
		if row.body != "" {
			verb = "POST"
		}
		body := string(w.rest(t, verb, row.path, row.body).body)
		if i := strings.LastIndex(body, `"served":`); i > 0 {
			out["REST "+row.rpc+" "+row.path+" "+row.body] = body[:i]
		}
	}
	return out
}
