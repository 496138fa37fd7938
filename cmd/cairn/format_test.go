package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// TestWords: numbers of things as people write them.
func TestWords(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, got, want string }{
		{"no effort", effort(0), "-"},
		{"minutes", effort(45), "45 min"},
		{"hours", effort(120), "2 h"},
		{"hours and minutes", effort(90), "1 h 30 min"},
		{"no money", money(0, "EUR"), "-"},
		{"cents", money(5, "EUR"), "0.05 EUR"},
		{"euros", money(12_345, "EUR"), "123.45 EUR"},
		{"a currency without cents", money(500, "JPY"), "500 JPY"},
		{"a currency of thousandths", money(5, "KWD"), "0.005 KWD"},
		{"an unknown currency has cents", money(150, "XQQ"), "1.50 XQQ"},
		{"no currency", money(150, ""), "1.50"},
		{"nothing costs nothing", cost(&cairnv1.Cost{}), "no effort and no money"},
		{"all of a cost", cost(&cairnv1.Cost{EffortMinutes: 60, PriceMinor: 100, Currency: "EUR", ElapsedWeeks: 1}), "1 h, 1.00 EUR, 1 week"},
		{"a bound of no hours", inUnit(0, cairnv1.Objective_OBJECTIVE_HOURS, "EUR"), "0 h"},
		{"a bound of no money", inUnit(0, cairnv1.Objective_OBJECTIVE_MONEY, "EUR"), "0 EUR"},
		{"a bound of no money in no currency", inUnit(0, cairnv1.Objective_OBJECTIVE_MONEY, ""), "0"},
		{"a bound of money", inUnit(250, cairnv1.Objective_OBJECTIVE_MONEY, "EUR"), "2.50 EUR"},
		{"nearly all is not all", percent(0.99999), "99 %"},
		{"all", percent(1), "100 %"},
		{"a share that is no binary fraction", percent(0.29), "29 %"},
		{"one", count(1, "step"), "1 step"},
		{"none", count(0, "competency"), "0 competencies"},
		{"several people", count(2, "person"), "2 people"},
		{"a word in ey", plural("key"), "keys"},
		{"one was", were(1, "row"), "1 row was"},
		{"several were", were(3, "row"), "3 rows were"},
		{"credits", credits(1200), "12"},
		{"parts of credits", credits(150), "1.5"},
		{"no count", number(0), "-"},
		{"hundreds", number(999), "999"},
		{"thousands", number(1000), "1,000"},
		{"millions", number(1_234_567), "1,234,567"},
		{"few", few([]string{"a", "b", "c", "d"}), "a, b, c, d"},
		{"many", few([]string{"a", "b", "c", "d", "e"}), "a, b, c and 2 more"},
		{"a file's name", baseName("a/b.csv"), "b.csv"},
		{"no file's name", baseName(""), ""},
	} {
		if row.got != row.want {
			t.Errorf("%s: %q, want %q", row.name, row.got, row.want)
		}
	}
}

// TestTable: columns are as wide as their widest text, numbers stand on the
// right, empty columns are left out, and no line ends in spaces.
func TestTable(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		rows [][]string
		want string
	}{
		{"none", nil, ""},
		{"aligned", [][]string{{"a", "7", "", "x"}, {"long", "1,000", "", ""}}, "  NAME  COUNT  NOTE\n  a         7  x\n  long  1,000\n"},
		{"short rows", [][]string{{"a"}, {"b", "2"}}, "  NAME  COUNT\n  a\n  b         2\n"},
		{"letters that are more than a byte", [][]string{{"Zoë", "1"}, {"Zoes", "2"}}, "  NAME  COUNT\n  Zoë       1\n  Zoes      2\n"},
		{"letters that are two columns wide", [][]string{{"データ", "1"}, {"data", "2"}}, "  NAME    COUNT\n  データ      1\n  data        2\n"},
		{"marks above letters", [][]string{{"Zoe\u0308", "1"}, {"Zoes", "2"}}, "  NAME  COUNT\n  Zoe\u0308       1\n  Zoes      2\n"},
	} {
		table := newTable("NAME", " COUNT", "EMPTY", "NOTE")
		for _, cells := range row.rows {
			table.add(cells...)
		}
		var b bytes.Buffer
		table.write(&b, "  ")
		if diff := cmp.Diff(row.want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// TestNearFlag: the changes between two words are those of a typing error.
func TestNearFlag(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"to", "to", 0},
		{"too", "to", 1},
		{"t", "to", 1},
		{"preson", "person", 1},
		{"persn", "person", 1},
		{"holdigns", "holdings", 1},
		{"größe", "grösse", 2},
		{"abc", "xyz", 3},
		{"", "abc", 3},
	} {
		if got, back := changes(row.a, row.b), changes(row.b, row.a); got != row.want || back != row.want {
			t.Errorf("%q and %q: %d and %d changes, want %d", row.a, row.b, got, back, row.want)
		}
	}
}
