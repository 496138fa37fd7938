// Package examples holds the catalog and the people that a newcomer meets: a
// small company with two units, its badges, micro-credentials and career
// ladders, and a dozen people on them. It is embedded in the binary, so that a
// demonstration needs no files.
//
// Start from [Catalog] for the folder of catalog files, and from [People],
// [Awards], [Claims] and [Holdings] for the tables. The names are invented; the
// ESCO addresses in the alignments are real.
//
// The package has no code of ours: whoever wants entries or facts gives the
// files to package exchange.
package examples

import (
	"embed"
	"io/fs"
)

//go:embed catalog/*.yaml people.csv awards.csv claims.csv holdings.csv
var files embed.FS

// Files are all the files: the folder catalog and the tables beside it.
func Files() fs.FS { return files }

// Catalog is the folder of the catalog's files.
func Catalog() fs.FS {
	sub, err := fs.Sub(files, "catalog")
	if err != nil {
		panic("examples: the embedded folder catalog is missing: " + err.Error())
	}
	return sub
}

// The tables, as the importers of package exchange read them.
var (
	// People is who works where: a row for each assignment.
	//
	//go:embed people.csv
	People []byte
	// Awards is what they have earned; some of it has lapsed.
	//
	//go:embed awards.csv
	Awards []byte
	// Claims is what they and others say that they can do.
	//
	//go:embed claims.csv
	Claims []byte
	// Holdings is what one more person holds who is not in People.
	//
	//go:embed holdings.csv
	Holdings []byte
)
