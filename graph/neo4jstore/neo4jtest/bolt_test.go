package neo4jtest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReadMessage(t *testing.T) {
	long := strings.Repeat("x", 1<<16-1)
	for _, row := range []struct {
		name, raw string
		tag       byte
	}{
		{"COMMIT", "\x00\x02\xb0\x12\x00\x00", tagCommit},
		{"COMMIT in two chunks", "\x00\x01\xb0\x00\x01\x12\x00\x00", tagCommit},
		{"RUN with the bytes of a COMMIT", "\x00\x0a\xb3\x10\x00\x02\xb0\x12\x00\x00\x00\x00\x00\x00", 0x10},
		{"a chunk that begins like a COMMIT", "\x00\x02\xb1\x71\x00\x02\xb0\x12\x00\x00", 0x71},
		{"chunks of the largest size", "\x00\x02\xb1\x71\xff\xff" + long + "\xff\xff" + long + "\x00\x00", 0x71},
		{"keep-alive", "\x00\x00", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := bufio.NewReader(strings.NewReader(row.raw + "\x00\x02\xb0\x0f\x00\x00"))
			m, err := readMessage(r, []byte("left from before"))
			if err != nil || string(m.raw) != row.raw || m.tag != row.tag {
				t.Fatalf("tag %#x, %d bytes, %v, want %#x, %d", m.tag, len(m.raw), err, row.tag, len(row.raw))
			}
			if m, err = readMessage(r, m.raw); err != nil || m.tag != 0x0f {
				t.Errorf("then tag %#x, %v, want 0xf", m.tag, err)
			}
			for cut := range min(len(row.raw), 20) {
				_, err := readMessage(bufio.NewReader(strings.NewReader(row.raw[:cut])), nil)
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("after %d bytes: %v, want an end", cut, err)
				}
			}
		})
	}
}

// The two ways to agree on a version; what follows is left to read.
func TestReadVersion(t *testing.T) {
	for _, row := range []struct {
		name, raw string
		choose    bool
	}{
		{"a version", "\x00\x00\x04\x05", false},
		{"none", "\x00\x00\x00\x00", false},
		{"a list of two", manifestV1 + "\x02\x00\x07\x08\x05\x00\x02\x04\x04\x8f\x01", true},
		{"a list of 128", manifestV1 + "\x80\x01" + strings.Repeat("\x00\x00\x01\x05", 128) + "\x00", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := bufio.NewReader(bytes.NewReader([]byte(row.raw + "rest")))
			raw, choose, err := readVersion(r)
			if err != nil || string(raw) != row.raw || choose != row.choose {
				t.Fatalf("%q, choose %v, %v, want %q, %v", raw, choose, err, row.raw, row.choose)
			}
			if rest, _ := io.ReadAll(r); string(rest) != "rest" {
				t.Errorf("left to read is %q", rest)
			}
		})
	}
	choice := "\x00\x00\x08\x05\x8f\x01"
	if raw, err := readChoice(bufio.NewReader(strings.NewReader(choice + "rest"))); err != nil || string(raw) != choice {
		t.Errorf("choice %q, %v, want %q", raw, err, choice)
	}
}
