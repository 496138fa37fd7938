package server

import (
	"context"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// escoProgress is after how many bytes of files read progress is answered.
const escoProgress = 4 << 20

// esco imports the set of ESCO and publishes what differs, in one commit.
func (i *importer) esco(ctx context.Context) error {
	if err := i.spool.flat(); err != nil {
		return err
	}
	options := exchange.ESCOOptions{Catalog: graph.ID(i.header.GetCatalog()), Version: i.header.GetFrameworkVersion()}
	if options.Catalog == "" {
		options.Catalog = "esco"
	}
	if i.header.GetDeriveBadges() {
		options.Derive = exchange.DeriveBadges
	}
	if t := i.header.GetEffectiveFrom(); t != nil {
		var err error
		if options.EffectiveFrom, err = instantOf("effective_from", t); err != nil {
			return err
		}
	}
	i.tellReading()
	var batch graph.Batch
	report, err := exchange.DecodeESCO(ctx, i.spool, options, func(b graph.Batch) error {
		batch = b
		return nil
	})
	if err != nil {
		return err
	}
	if err := i.escoReport(&report); err != nil {
		return err
	}
	return i.publish(ctx, batch, options.Catalog, &report)
}

// tellReading answers progress while files are read. A send that fails ends the
// stream's context, and with it the reading.
func (i *importer) tellReading() {
	read, told := int64(0), int64(0)
	for _, f := range i.spool.files {
		f.read = func(n int) {
			if read += int64(n); read-told >= escoProgress {
				told = read
				_ = i.progress(f.name, read)
			}
		}
	}
}

// escoReport answers what was found, and fills the report's files and what was
// not carried over.
func (i *importer) escoReport(r *exchange.Report) error {
	names := make(map[string]string, len(i.spool.files)) // by the last part
	for _, f := range i.spool.files {
		names[f.base()] = f.name
		read := &cairnv1.ImportedFile{Name: f.name, Format: cairnv1.ImportFormat_IMPORT_FORMAT_ESCO, Bytes: f.bytes}
		for _, c := range r.Counts {
			if c.File == f.base() {
				read.Rows, read.Accepted, read.Skipped, read.Contents = int64(c.Rows), int64(c.Accepted), int64(c.Skipped), c.Kind
				i.rows += int64(c.Rows)
			}
		}
		i.report.Files = append(i.report.Files, read)
	}
	for n := range r.Findings {
		f := &r.Findings[n]
		if name, ok := names[f.File]; ok {
			f.File = name
		}
		if err := i.find(f, cairnv1.FactKind_FACT_KIND_ENTRY); err != nil {
			return err
		}
		if f.Construct != "" {
			i.leave(f)
		}
	}
	for _, code := range r.Codes() {
		i.remarks[code].count.Count = int64(r.Total(code)) // also of those that were not kept
	}
	return nil
}

// leave adds what was not carried over to the report, by construct.
func (i *importer) leave(f *exchange.Finding) {
	for _, x := range i.report.GetNotCarried() {
		if x.GetConstruct() == f.Construct {
			x.Count += int64(f.Count)
			return
		}
	}
	i.report.NotCarried = append(i.report.NotCarried, &cairnv1.NotCarried{
		Construct: f.Construct, Count: int64(f.Count), File: f.File, Line: int64(f.Line), Message: f.Hint,
	})
}

// publish commits the entries of a framework that differ from what is
// published, all or nothing.
func (i *importer) publish(ctx context.Context, want graph.Batch, source graph.ID, report *exchange.Report) error {
	done, err := i.server.publish(ctx)
	if err != nil {
		return err
	}
	defer done()
	batch, changes := i.live.Head().Catalog.Publication(want, source, false)
	c := i.count(cairnv1.FactKind_FACT_KIND_ENTRY)
	c.Recorded, c.Unchanged = int64(len(changes)), int64(want.Len()-len(changes))
	if batch.Len() == 0 {
		return nil
	}
	batch.At = i.server.now()
	receipt, err := i.live.Commit(ctx, batch, graph.CommitOptions{})
	if err == nil {
		i.committed(&receipt)
		return nil
	}
	if law := lawError(err); law != nil {
		for n := range law.Problems {
			p := &law.Problems[n]
			row := &cairnv1.ImportRow{
				Kind: cairnv1.FactKind_FACT_KIND_ENTRY, Id: string(p.Subject), Outcome: cairnv1.Outcome_OUTCOME_REFUSED,
				Code: p.Code, Message: p.Message, Hint: p.Hint, Severity: cairnv1.Severity_SEVERITY_ERROR,
			}
			if place, ok := report.Place(p.Kind, p.Subject); ok {
				row.File, row.Line = place.File, int64(place.Line)
			}
			if sent := i.remark(row); sent != nil {
				return sent
			}
		}
	}
	return err
}
