// Package exchange reads and writes other people's formats: the catalog as
// files, people and facts as tables, and the classification ESCO.
//
// Start from three names. [DecodeCatalog] reads a folder of YAML and JSON files
// into catalog entries, and [EncodeCatalog] writes entries back. [DecodeTable]
// reads people, awards and claims from CSV, JSON Lines and small YAML files, row
// by row. [DecodeESCO] reads ESCO as it is published. What each understands is in
// docs/formats.md and docs/formats-import.md.
//
// The package promises that nothing is dropped silently: what could not be read
// or carried over is a problem with its file and line, and the rest is read all
// the same. Strangers' bytes never make it panic, and what it needs of memory
// is bounded by the size of their text, unpacked, and that by limits: what is
// over them is refused.
//
// It never asks whether ids exist or rules make sense together: that is for the
// laws of package graph. It does no input and output of its own beyond the
// readers and file systems it is given.
package exchange
