package main

import (
	"context"
	"path"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// importCmd is cairn import.
func (a *app) importCmd() *cobra.Command {
	var format, derive string
	var at, effectiveFrom moment
	header := &cairnv1.ImportHeader{}
	cmd := &cobra.Command{
		Use:   "import FILE|DIR|-…",
		Short: "People, assignments, awards, claims and ESCO from files",
		Long: `Imports files of any size: people and their assignments, awards and claims (CSV,
JSON Lines or YAML), or a folder with the CSV files of ESCO as published. Files may
be packed by gzip, and be pipes; - is stdin. What a file is, is found out from its
name and columns.

Rows that are refused or odd are listed with file and line. A refused row of a table
keeps no other from being recorded, and the exit code is 1; rows that ESCO itself
has wrong are left out. Importing a file again records nothing twice. With --json
each message of the API is a line.`,
		Example: `  cairn import people.csv awards.csv claims.csv
  payroll-export | cairn import -
  cairn import --format esco --derive badges esco-1.1.1-en`,
		Args: func(cmd *cobra.Command, args []string) error {
			return exactly(max(1, len(args)), "FILE")(cmd, args)
		},
	}
	a.asksFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&format, "format", "auto", "the `format` of the files: auto, esco, or people, awards or claims as CSV")
	flags.StringVar(&derive, "derive", "none", "`what` to make beside what ESCO has: none, or badges, one for each group of skills and field")
	flags.StringVar(&header.Catalog, "as-catalog", "", "the `name` of the catalog that imported entries belong to (otherwise esco)")
	flags.StringVar(&header.FrameworkVersion, "framework-version", "", "the `version` of the classification, for example 1.1.1")
	momentFlag(cmd, &effectiveFrom, "effective-from", "the `day or time` from which imported roles and badges are in force (otherwise the present)")
	momentFlag(cmd, &at, "at", "the `day or time` of awards and claims that give none (otherwise such rows are refused)")
	flags.BoolVar(&header.DryRun, "dry-run", false, "say what would happen and record nothing")
	oneOf(cmd, "format", "auto", "esco", "people", "awards", "claims")
	oneOf(cmd, "derive", "none", "badges")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		d, err := exchange.ParseDerivation(derive)
		if err != nil {
			return misused("--derive: %q is neither none nor badges", derive)
		}
		header.DeriveBadges = d == exchange.DeriveBadges
		if header.Format, err = importFormat(format); err != nil {
			return err
		}
		inputs, err := findInputs(args)
		if err != nil {
			return err
		}
		need := writes
		if header.GetDryRun() {
			need = tries
		}
		c, err := a.connect(ctx, need)
		if err != nil {
			return err
		}
		defer c.close()
		if header.EffectiveFrom, err = a.instant(ctx, c, "--effective-from", effectiveFrom); err != nil {
			return err
		}
		if header.At, err = a.instant(ctx, c, "--at", at); err != nil {
			return err
		}
		in := &importing{app: a, client: c, header: header, inputs: inputs}
		report, err := in.run(ctx)
		if err != nil {
			return err
		}
		if !a.json {
			a.imported(report, in.notes, header.GetDryRun())
		}
		if in.refused > 0 {
			return errTold
		}
		return nil
	})
	return cmd
}

// importFormat is the format that a flag names.
func importFormat(text string) (cairnv1.ImportFormat, error) {
	formats := map[string]cairnv1.ImportFormat{
		"auto":   cairnv1.ImportFormat_IMPORT_FORMAT_UNSPECIFIED,
		"esco":   cairnv1.ImportFormat_IMPORT_FORMAT_ESCO,
		"people": cairnv1.ImportFormat_IMPORT_FORMAT_PEOPLE_CSV,
		"awards": cairnv1.ImportFormat_IMPORT_FORMAT_AWARDS_CSV,
		"claims": cairnv1.ImportFormat_IMPORT_FORMAT_CLAIMS_CSV,
	}
	f, ok := formats[text]
	if !ok {
		return 0, misused("--format: %q is not auto, esco, people, awards or claims", text)
	}
	return f, nil
}

// imported writes what became of an import.
func (a *app) imported(r *cairnv1.ImportReport, notes []*cairnv1.ImportRow, dryRun bool) {
	t := newTable("FILE", "IS", " ROWS", " TAKEN", " LEFT OUT", "UNKNOWN COLUMNS")
	for _, f := range r.GetFiles() {
		is := f.GetContents()
		if is == "" {
			is = word(f.GetFormat())
		}
		t.add(f.GetName(), is, number(f.GetRows()), number(f.GetAccepted()), number(f.GetSkipped()), list(f.GetUnknownColumns()))
	}
	t.write(a.out, "")
	a.printf("\n")
	t = newTable("", " RECORDED", " UNCHANGED", " REFUSED", " WITH A REMARK")
	for _, f := range r.GetFacts() {
		t.add(plural(word(f.GetKind())), number(f.GetRecorded()), number(f.GetUnchanged()), number(f.GetRefused()), number(f.GetRemarked()))
	}
	t.write(a.out, "")
	a.remarks(r, notes)
	if r.GetAwarded()+r.GetSuperseded()+r.GetWithdrawn() > 0 {
		a.printf("automatic awards: %d came about, %d changed, %d are withdrawn\n", r.GetAwarded(), r.GetSuperseded(), r.GetWithdrawn())
	}
	switch {
	case dryRun:
		a.printf("nothing was recorded: it was a dry run on revision %d\n", r.GetBasis().GetRevision())
	case r.GetCommits() == 0:
		a.printf("nothing to record: still revision %d\n", r.GetBasis().GetRevision())
	default:
		a.printf("revision %d\n", r.GetBasis().GetRevision())
	}
}

// remarks writes what the files say that has no place here, and how many remarks
// of each sort there were.
func (a *app) remarks(r *cairnv1.ImportReport, notes []*cairnv1.ImportRow) {
	if len(notes) > 0 {
		a.printf("\nNot taken over as it is:\n")
		t := newTable("WHAT", "OF", "WHY")
		for _, n := range notes {
			t.add(n.GetMessage(), baseName(n.GetFile()), n.GetHint())
		}
		t.write(a.out, "  ")
	}
	if len(r.GetRemarks()) > 0 {
		a.printf("\n")
		t := newTable("REMARK", " TIMES")
		for _, n := range r.GetRemarks() {
			t.add(n.GetCode(), number(n.GetCount()))
		}
		t.write(a.out, "")
	}
}

// worthALine reports whether a row gets a line on stderr. Notes do not: they are
// part of the result.
func worthALine(r *cairnv1.ImportRow) bool {
	return slices.Contains([]cairnv1.Severity{cairnv1.Severity_SEVERITY_ERROR, cairnv1.Severity_SEVERITY_WARNING}, r.GetSeverity()) ||
		r.GetOutcome() == cairnv1.Outcome_OUTCOME_REFUSED || r.GetPrerequisiteUnmet()
}

// baseName is a file's name without its folder; empty for no file.
func baseName(name string) string {
	if name == "" {
		return ""
	}
	return path.Base(name)
}
