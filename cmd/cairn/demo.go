package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/docs/examples"
	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
	"github.com/cairn-skills/cairn/server"
)

// The person of the demonstration, where she wants to go, and the day asked
// about: that of the example's newest facts, so that every day has its answer.
const (
	demoPerson = "p-05"
	demoRole   = "data-analyst"
	demoDay    = "2026-10-01"
)

// demoCmd is cairn demo.
func (a *app) demoCmd() *cobra.Command {
	var exit bool
	var listen string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "A small company to look at",
		Long: `Loads the example, a small company with its badges, roles and people, into a
throw-away file, prints one person's path to a role, and serves it until it is
interrupted.`,
		Args: exactly(0, ""),
	}
	cmd.Flags().BoolVar(&exit, "exit", false, "stop after the path")
	cmd.Flags().StringVar(&listen, "listen", "", "the `address` to listen on (otherwise "+defaultListen+", or any port if that is taken)")
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		h, err := a.openThrowaway(ctx, opening{log: slog.New(slog.NewTextHandler(a.err, nil))})
		if err != nil {
			return err
		}
		defer h.close()
		c := newClient(h.server.Client())
		if err := a.loadExample(ctx, c); err != nil {
			return err
		}
		if err := a.demoPath(ctx, c); err != nil || exit {
			return err
		}
		l, err := server.Listen(ctx, cmp.Or(listen, defaultListen))
		if errors.Is(err, graph.ErrUnavailable) && listen == "" {
			l, err = server.Listen(ctx, "127.0.0.1:0")
		}
		if err != nil {
			return err
		}
		defer func() { _ = l.Close() }()
		a.demoNote(l.Addr().String())
		return a.serve(ctx, h, l, "the example")
	})
	return cmd
}

// loadExample publishes the example's catalog and records its people, awards and
// claims.
func (a *app) loadExample(ctx context.Context, c *client) error {
	files, err := exchange.CatalogFilesIn(examples.Catalog())
	if err != nil {
		return err
	}
	if _, err := c.catalog.ApplyCatalog(ctx, &cairnv1.ApplyCatalogRequest{Files: sourceFiles("catalog", files)}); err != nil {
		return err
	}
	inputs := make([]input, 0, 3)
	for _, t := range []struct {
		name string
		text []byte
	}{{"people.csv", examples.People}, {"awards.csv", examples.Awards}, {"claims.csv", examples.Claims}} {
		inputs = append(inputs, input{name: t.name, size: int64(len(t.text)), open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(t.text)), nil
		}})
	}
	in := &importing{app: a, client: c, header: &cairnv1.ImportHeader{}, inputs: inputs, quiet: true}
	if _, err := in.run(ctx); err != nil {
		return err
	}
	if in.refused > 0 {
		return failed("%s of the example refused", were(in.refused, "row"))
	}
	return nil
}

// demoPath prints one person's path to a role.
func (a *app) demoPath(ctx context.Context, c *client) error {
	var day moment
	if err := day.Set(demoDay); err != nil {
		return err
	}
	asOf, err := a.instant(ctx, c, "--as-of", day)
	if err != nil {
		return err
	}
	out, err := c.pathway.PlanPathway(ctx, &cairnv1.PlanPathwayRequest{
		Person: demoPerson, Goal: &cairnv1.Goal{To: &cairnv1.Goal_Role{Role: demoRole}}, AsOf: asOf, Languages: a.languages,
	})
	if err != nil {
		return err
	}
	if a.json {
		return a.print(out)
	}
	a.answerPath(ctx, c, out.GetAnswer())
	return nil
}

// demoNote says what to try next.
func (a *app) demoNote(addr string) {
	if a.json {
		return
	}
	a.printf(`
Try in another terminal:
  %[3]s gap 'Senior Data Analyst' --person 'Ines Calloway' --server %[1]s
  %[3]s next --to 'Marketing Lead' --person 'Samir Thistlewood' --server %[1]s
  %[3]s complete 'Business Data Analyst' --person 'Priya Ashdown' --server %[1]s
  curl http://%[1]s/v1/people
  curl http://%[1]s/v1/people/%[2]s/roles/senior-data-analyst:gap

`, addr, demoPerson, os.Args[0])
}
