package server

import (
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// kindOut is k as a message; the two lists have the same order.
func kindOut(k graph.Kind) cairnv1.Kind { return cairnv1.Kind(k) }

// rigorOut is r as a message, rigorIn the other way round; the two lists have
// the same order. The shape rules admit declared values only.
func rigorOut(r graph.Rigor) cairnv1.Rigor { return cairnv1.Rigor(r) }
func rigorIn(r cairnv1.Rigor) graph.Rigor  { return graph.Rigor(r) }
