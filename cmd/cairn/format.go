package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/cairn-skills/cairn/exchange"
	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// print writes m as the REST door writes it, indented.
func (a *app) print(m proto.Message) error {
	text, err := jsonOf(m)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = b.WriteTo(a.out)
	return err
}

// printLine writes m on one line.
func (a *app) printLine(m proto.Message) error {
	text, err := jsonOf(m)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil { // protojson puts spaces at random
		return err
	}
	b.WriteByte('\n')
	_, err = b.WriteTo(a.out)
	return err
}

func jsonOf(m proto.Message) ([]byte, error) {
	return protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
}

// printValue writes v, the documented JSON of a verb without a message of the
// API.
func (a *app) printValue(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printf writes a result.
func (a *app) printf(format string, args ...any) { _, _ = fmt.Fprintf(a.out, format, args...) }

// effort is minutes as hours, for example "12 h" or "1 h 30 min"; "-" for none.
func effort(minutes int64) string {
	h, m := minutes/60, minutes%60
	switch {
	case minutes == 0:
		return "-"
	case h == 0:
		return fmt.Sprintf("%d min", m)
	case m == 0:
		return fmt.Sprintf("%d h", h)
	}
	return fmt.Sprintf("%d h %d min", h, m)
}

// money is minor units of a currency, for example "60.00 EUR"; "-" for none.
func money(minor int64, currency string) string {
	if minor == 0 {
		return "-"
	}
	digits, ok := exchange.CurrencyDigits(graph.Currency(currency))
	if !ok {
		digits = 2
	}
	text := strconv.FormatInt(minor, 10)
	if digits > 0 {
		text = strings.Repeat("0", max(0, digits+1-len(text))) + text
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	return strings.TrimSpace(text + " " + currency)
}

// cost is all there is of a cost in one phrase, for example "37 h, 150.00 EUR,
// 10 weeks"; "nothing" if there is none.
func cost(c *cairnv1.Cost) string {
	var parts []string
	if c.GetEffortMinutes() > 0 {
		parts = append(parts, effort(c.GetEffortMinutes()))
	}
	if c.GetPriceMinor() > 0 {
		parts = append(parts, money(c.GetPriceMinor(), c.GetCurrency()))
	}
	if c.GetElapsedWeeks() > 0 {
		parts = append(parts, count(c.GetElapsedWeeks(), "week"))
	}
	if len(parts) == 0 {
		return "no effort and no money"
	}
	return strings.Join(parts, ", ")
}

// inUnit is an amount in the unit of an objective.
func inUnit(amount int64, o cairnv1.Objective, currency string) string {
	if o == cairnv1.Objective_OBJECTIVE_MONEY {
		if amount == 0 {
			return strings.TrimSpace("0 " + currency)
		}
		return money(amount, currency)
	}
	if amount == 0 {
		return "0 h"
	}
	return effort(amount)
}

// weeks is a number of weeks; "-" for none.
func weeks(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

// credits is hundredths of a credit, for example "12" or "1.5".
func credits(hundredths int64) string {
	return strconv.FormatFloat(float64(hundredths)/100, 'f', -1, 64)
}

// percent is a share of 0 to 1 in whole percent, cut: 100 % is only what is whole.
func percent(share float64) string {
	return fmt.Sprintf("%d %%", int(math.Floor(share*100+1e-9)))
}

type integer interface{ ~int | ~int32 | ~int64 }

// count is a number of things, for example "1 step" or "3 steps".
func count[N integer](n N, thing string) string {
	if n != 1 {
		thing = plural(thing)
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// plural is a word for several.
func plural(w string) string {
	switch {
	case w == "person":
		return "people"
	case strings.HasSuffix(w, "y") && !strings.HasSuffix(w, "ey"):
		return strings.TrimSuffix(w, "y") + "ies"
	}
	return w + "s"
}

// were is count with its verb, for example "1 row was".
func were[N integer](n N, thing string) string {
	if n == 1 {
		return count(n, thing) + " was"
	}
	return count(n, thing) + " were"
}
