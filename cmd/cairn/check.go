package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/graph/filestore"
	"github.com/cairn-skills/cairn/graph/neo4jstore"
)

// checked is what cairn check --json prints.
type checked struct {
	File        string   `json:"file"`
	Clean       bool     `json:"clean"`
	Revision    uint64   `json:"revision"`
	Batches     int      `json:"batches"`
	Facts       int      `json:"facts"`
	Personal    int      `json:"personal"`
	Erased      int      `json:"erased"`
	Keys        int      `json:"keys"`
	RunningHash string   `json:"runningHash,omitempty"` // of a data file
	ContentHash string   `json:"contentHash,omitempty"` // of a graph in Neo4j
	Problems    []string `json:"problems"`
}

// checkCmd is cairn check.
func (a *app) checkCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Whether the data file is whole",
		Long: `Reads the data file and its keys file whole and checks their structure, every
checksum, the running hash of the log, that every sealed record opens, and that
the automatic awards are those that follow from the facts. Of Neo4j it reads every
revision and holds it against its digest. The exit code is 1 if something is wrong.`,
		Args: exactly(0, ""),
	}
	a.dataFlag(cmd)
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		path, _, err := a.dataFile()
		if err != nil {
			return err
		}
		if !there(path) {
			return errNoData(path)
		}
		store, err := a.openStore(ctx, path, a.where.login, filestore.Options{ReadOnly: true})
		if err != nil {
			return err
		}
		defer func() { _ = store.Close() }()
		stop := a.working("checking")
		r, err := checkStore(ctx, store)
		if err == nil && len(r.Problems) == 0 {
			r.Problems, err = refold(ctx, store)
		}
		stop()
		if err != nil {
			return err
		}
		r.File, r.Clean = path, len(r.Problems) == 0
		if a.json {
			err = a.printValue(r)
		} else {
			for _, p := range r.Problems {
				a.printf("%s: %s\n", path, p)
			}
			state := "is whole"
			if n := len(r.Problems); n > 0 {
				state = "has " + count(n, "problem")
			}
			a.printf("%s %s: revision %d, %s, %s, %s\n", path, state, r.Revision, count(r.Facts, "fact"), count(r.Personal, "sealed record"), count(r.Keys, "key"))
		}
		if err == nil && len(r.Problems) > 0 {
			err = errTold
		}
		return err
	})
	return cmd
}

// checkStore is what a store's own check finds.
func checkStore(ctx context.Context, store graph.Store) (checked, error) {
	if s, ok := store.(*neo4jstore.Store); ok {
		r, err := s.Check(ctx)
		return checked{
			Revision: uint64(r.Revision), Batches: r.Batches, Facts: r.Facts, Personal: r.Personal, Erased: r.Erased, Keys: r.Keys,
			ContentHash: r.ContentHash, Problems: append([]string{}, r.Problems...),
		}, err
	}
	r, err := store.(*filestore.Store).Check(ctx) //nolint:forcetypeassert // openStore knows two
	return checked{
		Revision: uint64(r.Revision), Batches: r.Batches, Facts: r.Facts, Personal: r.Personal, Erased: r.Erased, Keys: r.Keys,
		RunningHash: r.RunningHash, Problems: append([]string{}, r.Problems...),
	}, err
}

// refold folds everybody's facts again and says whose automatic awards are not
// what follows from them.
func refold(ctx context.Context, store graph.Store) ([]string, error) {
	live, err := graph.Open(ctx, store, graph.Options{})
	if err != nil {
		return nil, err
	}
	defer live.Close()
	problems := []string{}
	for _, id := range live.Head().Refold() {
		problems = append(problems, fmt.Sprintf("person %s: the automatic awards are not what follows from the facts", id))
	}
	return problems, nil
}
