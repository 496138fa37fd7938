package exchange

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/currency"

	"github.com/cairn-skills/cairn/graph"
)

// Limits of numbers, so that sums of many stay far below the size of an int64.
const (
	maxCatalogCount   = 1_000_000     // weights, ranks, months, weeks
	maxCatalogMinutes = 10_000_000    // of effort: 19 years
	maxCatalogCredits = 1_000_000     // whole credits
	maxCatalogMoney   = 1_000_000_000 // whole units of a currency
)

var (
	languagePattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
	numberPattern   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	effortPattern   = regexp.MustCompile(`^(?:([0-9]+(?:\.[0-9]+)?) ?(?:h|hours?))? ?(?:([0-9]+) ?(?:m|min|minutes?))?$`)
	monthsPattern   = regexp.MustCompile(`^([0-9]+) (months?|years?)$`)
	moneyPattern    = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ([A-Z]{3})$`)
	datePattern     = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
)

// text is a scalar that is a text.
func (r *catalogReader) text(n *yaml.Node, path string) string {
	if n.Kind != yaml.ScalarNode || scalarTag(n) != "!!str" {
		r.wrongType(n, path, "a text")
		return ""
	}
	if bad, ok := badRune(n.Value); !ok {
		r.fail(n, path, codeBadText, fmt.Sprintf("the text holds the control character %U", bad), "remove it")
		return ""
	}
	return n.Value
}

// filled is a text that is not empty.
func (r *catalogReader) filled(n *yaml.Node, path string) string {
	s := r.text(n, path)
	if s == "" && n.Kind == yaml.ScalarNode && scalarTag(n) == "!!str" && n.Value == "" {
		r.fail(n, path, codeBadText, "the text is empty", "write a text, or leave the key out")
	}
	return s
}

// badRune is the first character that no text of a catalog may hold. The
// controls from U+0080 on are let through: published frameworks have them.
func badRune(s string) (rune, bool) {
	for _, c := range s {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == '\u007F' || c == '\uFFFE' || c == '\uFFFF' {
			return c, false
		}
	}
	return 0, true
}

func (r *catalogReader) id(n *yaml.Node, path string) graph.ID {
	if n.Kind != yaml.ScalarNode || scalarTag(n) != "!!str" {
		r.wrongType(n, path, "a text that is an id, such as sql-for-beginners")
		return ""
	}
	id := graph.ID(n.Value)
	if !r.goodID(n, path, id) {
		return ""
	}
	return id
}

func (r *catalogReader) goodID(n *yaml.Node, path string, id graph.ID) bool {
	if err := id.Check(); err != nil {
		r.fail(n, path, codeBadID, strings.TrimPrefix(err.Error(), "id: "), "an id is an IRI or a slug such as sql-for-beginners, without spaces")
		return false
	}
	return true
}

// ids is a list of ids. One that stands twice is odd and does no harm.
func (r *catalogReader) ids(n *yaml.Node, path string) []graph.ID {
	seen := make(map[graph.ID]bool)
	return r.idsEach(n, path, func(item *yaml.Node, path string, id graph.ID) {
		if seen[id] {
			r.problem(graph.Warning, item, path, codeDuplicateRef, quoteShort(string(id))+" stands twice in this list", "keep one of them")
		}
		seen[id] = true
	})
}

// idsEach is a list of ids that each sees.
func (r *catalogReader) idsEach(n *yaml.Node, path string, each func(item *yaml.Node, path string, id graph.ID)) []graph.ID {
	var out []graph.ID
	r.list(n, path, func(item *yaml.Node, path string) {
		if id := r.id(item, path); id != "" {
			each(item, path, id)
			out = append(out, id)
		}
	})
	return out
}

// texts is a language map: a text alone is in the catalog's language.
func (r *catalogReader) texts(n *yaml.Node, path string) graph.Text {
	return graph.NewText(r.translations(n, path)...)
}

func (r *catalogReader) translations(n *yaml.Node, path string) []graph.Translation {
	if n.Kind != yaml.MappingNode {
		if n.Kind == yaml.ScalarNode && scalarTag(n) == "!!str" {
			if s := r.filled(n, path); s != "" {
				return []graph.Translation{{Lang: r.lang, Value: s}}
			}
			return nil
		}
		r.wrongType(n, path, "a text, or a map of languages and texts such as {en: …, de: …}")
		return nil
	}
	var out []graph.Translation
	r.pairs(n, path, "", func(k, v *yaml.Node, path string) {
		if !languagePattern.MatchString(k.Value) {
			r.fail(k, path, codeBadLanguage, quoteShort(k.Value)+" is not a language", "write a BCP 47 tag such as en or de-CH")
		}
		if s := r.filled(v, path); s != "" {
			out = append(out, graph.Translation{Lang: graph.Lang(k.Value), Value: s})
		}
	})
	return out
}

// labels is a list of texts in the order of the file.
func (r *catalogReader) labels(n *yaml.Node, path string) []graph.Translation {
	var out []graph.Translation
	r.list(n, path, func(item *yaml.Node, path string) { out = append(out, r.translations(item, path)...) })
	return out
}

func (r *catalogReader) bool(n *yaml.Node, path string) bool {
	if n.Kind != yaml.ScalarNode || scalarTag(n) != "!!bool" || n.Value != "true" && n.Value != "false" {
		r.wrongType(n, path, "true or false")
		return false
	}
	return n.Value == "true"
}

// word is a text that parse understands; words are those that it knows.
func word[T any](r *catalogReader, words []string, parse func(string) (T, error)) func(*yaml.Node, string) T {
	return func(n *yaml.Node, path string) T {
		var zero T
		if n.Kind != yaml.ScalarNode || scalarTag(n) != "!!str" {
			r.wrongType(n, path, "one of "+strings.Join(words, ", "))
			return zero
		}
		v, err := parse(n.Value)
		if err != nil {
			hint := "write one of " + strings.Join(words, ", ")
			if near := r.nearest(n.Value, words); near != "" {
				hint = "did you mean " + near + "?"
			}
			r.fail(n, path, codeBadWord, "unknown word "+quoteShort(n.Value), hint)
			return zero
		}
		return v
	}
}

// number reads a number with at most so many decimals as a whole number of the
// last of them: 6.5 with 2 decimals is 650.
func (r *catalogReader) number(n *yaml.Node, path, code string, decimals int, most int64) int64 {
	what := "a whole number"
	if decimals > 0 {
		what = "a number"
	}
	if n.Kind != yaml.ScalarNode || scalarTag(n) != "!!int" && scalarTag(n) != "!!float" {
		r.wrongType(n, path, what)
		return 0
	}
	return r.decimal(n, path, code, n.Value, decimals, most)
}

// decimal reads text, which is written at n.
func (r *catalogReader) decimal(n *yaml.Node, path, code, text string, decimals int, most int64) int64 {
	v, problem := parseDecimal(text, decimals, most)
	if problem != "" {
		hint := fmt.Sprintf("write a whole number from 0 to %d", most)
		if decimals > 0 {
			hint = fmt.Sprintf("write a number from 0 to %d with at most %d decimals", most, decimals)
		}
		r.fail(n, path, code, quoteShort(text)+" "+problem, hint)
	}
	return v
}

func parseDecimal(text string, decimals int, most int64) (v int64, problem string) {
	if !numberPattern.MatchString(text) {
		return 0, "is not a plain decimal number"
	}
	if text[0] == '-' {
		return 0, "is negative"
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > decimals {
		if strings.Trim(fraction[decimals:], "0") != "" {
			if decimals == 0 {
				return 0, "is not a whole number"
			}
			return 0, "has too many decimals"
		}
		fraction = fraction[:decimals]
	}
	scaled := whole + fraction + strings.Repeat("0", decimals-len(fraction))
	v, err := strconv.ParseInt(scaled, 10, 64)
	limit := most
	for range decimals {
		limit *= 10
	}
	if err != nil || v > limit {
		return 0, "is too large"
	}
	return v, ""
}

func (r *catalogReader) count(n *yaml.Node, path string) int64 {
	return r.number(n, path, codeBadNumber, 0, maxCatalogCount)
}

func (r *catalogReader) credits(n *yaml.Node, path string) int64 {
	return r.number(n, path, codeBadCredits, 2, maxCatalogCredits)
}

// scalarText is a scalar's text for values that are written with a unit.
func (r *catalogReader) scalarText(n *yaml.Node, path, want string) (string, bool) {
	if n.Kind != yaml.ScalarNode || scalarTag(n) != "!!str" {
		r.wrongType(n, path, want)
		return "", false
	}
	return n.Value, true
}

// effort is working time in minutes.
func (r *catalogReader) effort(n *yaml.Node, path string) int64 {
	const want = "a time such as 12h, 90m or 1h30m"
	s, ok := r.scalarText(n, path, want)
	if !ok {
		return 0
	}
	v, ok := parseEffort(s)
	if !ok {
		r.fail(n, path, codeBadDuration, quoteShort(s)+" is not a working time in whole minutes", "write "+want)
	}
	return v
}

func parseEffort(s string) (int64, bool) {
	m := effortPattern.FindStringSubmatch(s)
	if m == nil || m[1] == "" && m[2] == "" {
		return 0, false
	}
	total := new(big.Rat)
	if m[1] != "" {
		h, ok := new(big.Rat).SetString(m[1])
		if !ok || len(m[1]) > 20 {
			return 0, false
		}
		total.Mul(h, big.NewRat(60, 1))
	}
	if m[2] != "" {
		minutes, ok := new(big.Rat).SetString(m[2])
		if !ok || len(m[2]) > 20 {
			return 0, false
		}
		total.Add(total, minutes)
	}
	if !total.IsInt() || total.Cmp(big.NewRat(maxCatalogMinutes, 1)) > 0 {
		return 0, false
	}
	return total.Num().Int64(), true
}

// months is a length of time in calendar months.
func (r *catalogReader) months(n *yaml.Node, path string) int {
	const want = "a time such as 24 months or 2 years"
	s, ok := r.scalarText(n, path, want)
	if !ok {
		return 0
	}
	m := monthsPattern.FindStringSubmatch(s)
	if m != nil {
		v, err := strconv.Atoi(m[1])
		if strings.HasPrefix(m[2], "year") {
			v *= 12
		}
		if err == nil && v > 0 && v <= maxCatalogCount {
			return v
		}
	}
	r.fail(n, path, codeBadDuration, quoteShort(s)+" is not a number of months above 0", "write "+want)
	return 0
}

// CurrencyDigits is the number of decimals of the minor unit of a currency (ISO
// 4217, digits as in CLDR): 2 for EUR, 0 for JPY. False, with 2, for a code that
// is no currency.
func CurrencyDigits(c graph.Currency) (int, bool) {
	unit, err := currency.ParseISO(string(c))
	if err != nil || unit.String() != string(c) {
		return 2, false
	}
	digits, _ := currency.Standard.Rounding(unit)
	return digits, true
}

func (r *catalogReader) currency(n *yaml.Node, path string) graph.Currency {
	s := r.text(n, path)
	if s == "" {
		return ""
	}
	return r.knownCurrency(n, path, s)
}

func (r *catalogReader) knownCurrency(n *yaml.Node, path, s string) graph.Currency {
	if _, ok := CurrencyDigits(graph.Currency(s)); !ok {
		r.fail(n, path, codeBadMoney, quoteShort(s)+" is not a currency", "write an ISO 4217 code such as EUR")
		return ""
	}
	return graph.Currency(s)
}

// money is a price: an amount and a currency, or a bare number in the catalog's.
func (r *catalogReader) money(n *yaml.Node, path string) graph.Money {
	const want = "a price such as 60 EUR, or a number in the catalog's currency"
	if n.Kind == yaml.ScalarNode && (scalarTag(n) == "!!int" || scalarTag(n) == "!!float") {
		digits, _ := CurrencyDigits(r.settings.Currency)
		return graph.Money{Amount: r.decimal(n, path, codeBadMoney, n.Value, digits, maxCatalogMoney)}
	}
	s, ok := r.scalarText(n, path, want)
	if !ok {
		return graph.Money{}
	}
	m := moneyPattern.FindStringSubmatch(s)
	if m == nil {
		r.fail(n, path, codeBadMoney, quoteShort(s)+" is not a price", "write "+want)
		return graph.Money{}
	}
	c := r.knownCurrency(n, path, m[2])
	if c == "" {
		return graph.Money{}
	}
	digits, _ := CurrencyDigits(c)
	return graph.Money{Amount: r.decimal(n, path, codeBadMoney, m[1], digits, maxCatalogMoney), Currency: c}
}

// from is the instant at which something begins: a date alone is its first instant.
func (r *catalogReader) from(n *yaml.Node, path string) graph.Instant { return r.instant(n, path, 0) }

// until is the half-open end of something: a date alone includes that day.
func (r *catalogReader) until(n *yaml.Node, path string) graph.Instant { return r.instant(n, path, 1) }

func (r *catalogReader) instant(n *yaml.Node, path string, days int) graph.Instant {
	const want = "a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z"
	s, ok := r.scalarText(n, path, want)
	if !ok {
		return 0
	}
	i, ok := parseInstant(s, days, r.zone)
	if !ok {
		r.fail(n, path, codeBadDate, quoteShort(s)+" is not a date", "write "+want)
	}
	return i
}

// parseInstant reads a date, to whose start so many days are added, or an RFC
// 3339 time with at most milliseconds. Years run from 1900 to 9998.
func parseInstant(s string, days int, zone *time.Location) (graph.Instant, bool) {
	var i graph.Instant
	var year int
	if datePattern.MatchString(s) {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return 0, false
		}
		year = t.Year()
		i = startOfDay(t.AddDate(0, 0, days), zone)
	} else {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil || t.Nanosecond()%int(time.Millisecond) != 0 {
			return 0, false
		}
		year = t.UTC().Year()
		i = graph.InstantOf(t)
	}
	return i, year >= 1900 && year <= 9998 && i != 0
}

// startOfDay is the first instant in zone that has the date of day or a later
// one: in some zones clocks skip midnight, or a whole day.
func startOfDay(day time.Time, zone *time.Location) graph.Instant {
	y, m, d := day.Date()
	reached := func(i int64) bool {
		ty, tm, td := time.UnixMilli(i).In(zone).Date()
		return ty > y || ty == y && (tm > m || tm == m && td >= d)
	}
	// No zone is further from UTC than 26 hours; this finds the edge between.
	middle := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).UnixMilli()
	low, high := middle-48*time.Hour.Milliseconds(), middle+48*time.Hour.Milliseconds()
	if start := time.Date(y, m, d, 0, 0, 0, 0, zone).UnixMilli(); reached(start) && !reached(start-1) {
		return graph.Instant(start)
	}
	for low+1 < high {
		if mid := (low + high) / 2; reached(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return graph.Instant(high)
}
