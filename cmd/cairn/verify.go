package main

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
)

// verified is what cairn verify-inventory --json prints.
type verified struct {
	Address     string               `json:"address"`
	Agree       bool                 `json:"agree"`
	Revision    uint64               `json:"revision"`
	AsOf        string               `json:"asOf"`
	People      int                  `json:"people"`
	Rules       int                  `json:"rules"`
	Levels      int                  `json:"levels"`
	Completions int                  `json:"completions"`
	NotAsked    []verifiedNot        `json:"notAsked"`
	Differences []verifiedDifference `json:"differences"`
}

type verifiedNot struct {
	Count  int    `json:"count"`
	Reason string `json:"reason"`
}

type verifiedDifference struct {
	Person   string `json:"person,omitempty"`
	Question string `json:"question"`
	Cairn    string `json:"cairn"`
	Neo4j    string `json:"neo4j"`
}

// verifyCmd is cairn verify-inventory.
func (a *app) verifyCmd() *cobra.Command {
	var options neo4jstore.VerifyOptions
	cmd := &cobra.Command{
		Use:   "verify-inventory",
		Short: "Whether Neo4j, asked in Cypher, answers as Cairn does",
		Long: `Asks a sample of the questions that Cairn answers again in hand-written Cypher, at
the same revision: what levels people have, and how the rules of achievements and
roles stand for them. Differences are listed with both answers, and the exit code is
1 if there is one. What Cypher cannot say is counted and not asked.`,
		Example: `  cairn verify-inventory --data neo4j://127.0.0.1:7687 --neo4j-keys org.keys --sample 500`,
		Args:    exactly(0, ""),
	}
	a.dataFlag(cmd)
	cmd.Flags().IntVar(&options.People, "sample", 100, "ask about this `number` of people")
	cmd.Flags().Uint64Var(&options.Seed, "seed", 0, "a `number` that chooses the sample")
	momentFlag(cmd, &a.where.asOf, "as-of", "the `day or time` asked about (otherwise that of the newest commit)")
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		address, _, err := a.dataFile()
		if err != nil {
			return err
		}
		if !inNeo4j(address) {
			return misused("%s is a data file, which cannot be asked in Cypher", address).
				hinted("--data or CAIRN_DATA takes an address such as neo4j://127.0.0.1:7687")
		}
		if options.People < 1 {
			return misused("--sample: %d is not a number of people", options.People)
		}
		store, err := a.openStore(ctx, address, a.where.login, filestore.Options{})
		if err != nil {
			return err
		}
		defer func() { _ = store.Close() }()
		stop := a.working("verifying")
		v, err := a.verifyInventory(ctx, store.(*neo4jstore.Store), options) //nolint:forcetypeassert // an address of Neo4j opens one
		stop()
		if err != nil {
			return err
		}
		return a.tellVerified(address, v)
	})
	return cmd
}

// verifyInventory opens the graph and verifies it.
func (a *app) verifyInventory(ctx context.Context, store *neo4jstore.Store, options neo4jstore.VerifyOptions) (neo4jstore.Verification, error) {
	live, err := graph.Open(ctx, store, graph.Options{Shared: true})
	if err != nil {
		return neo4jstore.Verification{}, err
	}
	defer live.Close()
	a.zone = live.Head().Catalog.Zone()
	at, err := a.instant(ctx, nil, "--as-of", a.where.asOf)
	if err != nil {
		return neo4jstore.Verification{}, err
	}
	if at != nil {
		options.At = graph.InstantOf(at.AsTime())
	}
	return store.VerifyInventory(ctx, func(ctx context.Context, r graph.Revision) (*graph.Snapshot, error) {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second) // it has been committed, so it is on its way
		defer cancel()
		if _, err := live.At(ctx, r); err != nil {
			return nil, err
		}
		return live.Pinned(r)
	}, options)
}

// tellVerified prints what was found; differences make the verb fail.
func (a *app) tellVerified(address string, v neo4jstore.Verification) error {
	out := verified{
		Address: address, Agree: len(v.Differences) == 0, Revision: uint64(v.Revision), AsOf: v.At.String(), People: v.People, Rules: v.Rules,
		Levels: v.Levels, Completions: v.Completions, NotAsked: []verifiedNot{}, Differences: []verifiedDifference{},
	}
	for _, n := range v.NotAsked {
		out.NotAsked = append(out.NotAsked, verifiedNot{n.Count, n.Reason})
	}
	for _, d := range v.Differences {
		out.Differences = append(out.Differences, verifiedDifference{string(d.Person), d.Question, d.Cairn, d.Neo4j})
	}
	if a.json {
		if err := a.printValue(out); err != nil {
			return err
		}
	} else {
		for _, d := range v.Differences {
			a.printf("%s\n", d)
		}
		for _, n := range v.NotAsked {
			a.printf("not asked: %s: %d\n", n.Reason, n.Count)
		}
		state := "the same answers"
		if n := len(v.Differences); n > 0 {
			state = count(n, "difference") + " in the answers"
		}
		a.printf("%s: %s about %s and %s of %s, at revision %d as of %s\n", address, state, count(v.Levels, "level"),
			count(v.Completions, "rule"), count(v.People, "person"), v.Revision, cmp.Or(v.At.String(), "never"))
	}
	if !out.Agree {
		return errTold
	}
	return nil
}
