package filestore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// This file reads the structure of a bbolt file, version 2 of its format,
// without mapping it. bbolt follows page numbers and offsets as it finds them:
// a wrong one serves other content or ends the process with SIGBUS or SIGSEGV.
// So the structure is checked before bbolt sees the file: every page belongs to
// exactly one of the tree, the list of free pages and the headers; elements
// fill their page without gaps, in order; a branch repeats the first key of
// each child. What is left for a flipped bit is keys and values, which carry
// checksums of their own.

const (
	pageHeader    = 16 // id u64, flags u16, count u16, overflow u32
	elementSize   = 16 // leaf: flags, pos, ksize, vsize u32; branch: pos, ksize u32, pgid u64
	bucketHeader  = 16 // root u64, sequence u64; a root of 0 is followed by an inline page
	metaSize      = 64
	metaMagic     = 0xED0CDAED
	metaVersion   = 2
	flagBranch    = 0x01
	flagLeaf      = 0x02
	flagMeta      = 0x04
	flagFreelist  = 0x10
	flagBucket    = 0x01
	maxDepth      = 64 // a tree of 2^64 pages is not deeper
	maxPageBytes  = 1 << 16
	minPageBytes  = 1 << 10
	readAheadSize = 1 << 18
)

// meta is one of the two headers of a bbolt file.
type meta struct {
	pageSize                   uint32
	root, freelist, pages, txn uint64
}

// readMeta reads the header in data, which must have metaSize bytes.
func readMeta(data []byte) (meta, bool) {
	e := binary.NativeEndian
	h := fnv.New64a()
	h.Write(data[:metaSize-8]) //nolint:gosec // a hash never fails
	ok := e.Uint32(data) == metaMagic && e.Uint32(data[4:]) == metaVersion && e.Uint64(data[metaSize-8:]) == h.Sum64()
	m := meta{
		pageSize: e.Uint32(data[8:]), root: e.Uint64(data[16:]), freelist: e.Uint64(data[32:]),
		pages: e.Uint64(data[40:]), txn: e.Uint64(data[48:]),
	}
	ok = ok && m.pageSize >= minPageBytes && m.pageSize <= maxPageBytes && m.pageSize&(m.pageSize-1) == 0
	return m, ok
}

// headers are both headers of a file; a header that is damaged is nil.
func headers(r io.ReaderAt, size int64) (metas [2]*meta, err error) {
	buf := make([]byte, pageHeader+metaSize)
	read := func(page, at int64) (*meta, error) {
		if at+pageHeader+metaSize > size {
			return nil, nil
		}
		if _, err := r.ReadAt(buf, at); err != nil {
			return nil, err
		}
		e := binary.NativeEndian
		m, ok := readMeta(buf[pageHeader:])
		if !ok || e.Uint64(buf) != uint64(page) || e.Uint16(buf[8:]) != flagMeta {
			return nil, nil
		}
		return &m, nil
	}
	if metas[0], err = read(0, 0); err != nil {
		return metas, err
	}
	// The second header is a page further on; without the first, any page size is tried.
	for step := int64(minPageBytes); step <= maxPageBytes; step *= 2 {
		if metas[0] != nil && step != int64(metas[0].pageSize) {
			continue
		}
		m, err := read(1, step)
		if err != nil {
			return metas, err
		}
		if m != nil && int64(m.pageSize) == step {
			metas[1] = m
			break
		}
	}
	return metas, nil
}

// newest is the header that bbolt uses.
func newest(metas [2]*meta) *meta {
	a, b := metas[0], metas[1]
	if a == nil || b != nil && b.txn > a.txn {
		return b
	}
	return a
}

// damage says which page is wrong, and how.
type damage struct {
	page uint64
	what string
}

func (d *damage) Error() string { return fmt.Sprintf("page %d: %s", d.page, d.what) }

// walker checks the pages of one state of a file.
type walker struct {
	r     io.ReaderAt
	m     meta
	seen  []uint64 // a bit for each page that has an owner
	buf   []byte   // a page
	names []string // of the buckets found
}

// walkPages checks the structure that m describes and returns the names of the
// top-level buckets in order. The error is a [*damage] or one of reading.
func walkPages(r io.ReaderAt, m meta) ([]string, error) {
	w := &walker{r: r, m: m, seen: make([]uint64, m.pages/64+1), buf: make([]byte, m.pageSize)}
	for id := range uint64(2) {
		if err := w.own(id, 0); err != nil {
			return nil, err
		}
	}
	if err := w.freelist(); err != nil {
		return nil, err
	}
	var last []byte
	if _, err := w.tree(m.root, true, &last, 0); err != nil {
		return nil, err
	}
	for id := range m.pages {
		if w.seen[id/64]>>(id%64)&1 == 0 {
			return nil, &damage{id, "belongs to nothing"}
		}
	}
	return w.names, nil
}

// own marks the pages id to id+overflow as used.
func (w *walker) own(id, overflow uint64) error {
	if id >= w.m.pages || overflow >= w.m.pages-id {
		return &damage{id, fmt.Sprintf("reaches past the last page, %d", w.m.pages-1)}
	}
	for i := id; i <= id+overflow; i++ {
		if w.seen[i/64]>>(i%64)&1 == 1 {
			return &damage{i, "is used twice"}
		}
		w.seen[i/64] |= 1 << (i % 64)
	}
	return nil
}

// page reads the first page of the run id, checks its header and owns the run.
// The bytes are overwritten by the next call.
func (w *walker) page(id uint64, flags ...uint16) (data []byte, overflow uint64, err error) {
	if id < 2 || id >= w.m.pages {
		return nil, 0, &damage{id, "is not a page of the file"}
	}
	data = w.buf
	if _, err := w.r.ReadAt(data, int64(id)*int64(w.m.pageSize)); err != nil {
		return nil, 0, err
	}
	e := binary.NativeEndian
	if got := e.Uint64(data); got != id {
		return nil, 0, &damage{id, fmt.Sprintf("says that it is page %d", got)}
	}
	found := false
	for _, f := range flags {
		found = found || e.Uint16(data[8:]) == f
	}
	if !found {
		return nil, 0, &damage{id, fmt.Sprintf("has the type %#x", e.Uint16(data[8:]))}
	}
	overflow = uint64(e.Uint32(data[12:]))
	return data, overflow, w.own(id, overflow)
}

// span is length bytes from the offset at of the run id whose first page is data.
func (w *walker) span(id uint64, data []byte, at, length uint64) ([]byte, error) {
	if at+length <= uint64(len(data)) {
		return data[at : at+length], nil
	}
	out := make([]byte, length)
	_, err := w.r.ReadAt(out, int64(id)*int64(w.m.pageSize)+int64(at))
	return out, err
}

func (w *walker) freelist() error {
	id := w.m.freelist
	data, overflow, err := w.page(id, flagFreelist)
	if err != nil {
		return err
	}
	e := binary.NativeEndian
	room := (overflow+1)*uint64(w.m.pageSize) - pageHeader
	at, count := uint64(pageHeader), uint64(e.Uint16(data[10:]))
	if count == 0xFFFF { // the number did not fit and stands before the list
		count = e.Uint64(data[pageHeader:])
		at, room = at+8, room-8
	}
	if count > room/8 {
		return &damage{id, fmt.Sprintf("lists %d free pages, more than it can hold", count)}
	}
	list, err := w.span(id, data, at, 8*count)
	if err != nil {
		return err
	}
	for ; len(list) > 0; list = list[8:] {
		if err := w.own(e.Uint64(list), 0); err != nil {
			return err
		}
	}
	return nil
}

// tree checks the run id and all below it, whose keys must come after *last,
// and leaves the last key there. It returns the first key, nil for an empty
// tree. Elements of the top tree are buckets, those of others are not.
func (w *walker) tree(id uint64, top bool, last *[]byte, depth int) (first []byte, err error) {
	if depth > maxDepth {
		return nil, &damage{id, "is too deep in its tree"}
	}
	data, overflow, err := w.page(id, flagLeaf, flagBranch)
	if err != nil {
		return nil, err
	}
	limit := (overflow + 1) * uint64(w.m.pageSize)
	branch := binary.NativeEndian.Uint16(data[8:]) == flagBranch
	elements, err := w.elements(id, data, limit, branch || top)
	if err != nil {
		return nil, err
	}
	if branch {
		return w.branch(id, elements, top, last, depth)
	}
	return w.leaf(id, elements, top, last)
}

// element is one entry of a page.
type element struct {
	flags uint32
	child uint64
	key   []byte
	value []byte // of a bucket only
}

// elements reads the table of the page that begins with data and has limit
// bytes. Keys are copies if kept says so, otherwise they last as long as data.
func (w *walker) elements(id uint64, data []byte, limit uint64, kept bool) ([]element, error) {
	e := binary.NativeEndian
	branch := e.Uint16(data[8:]) == flagBranch
	count := uint64(e.Uint16(data[10:]))
	if branch && count == 0 {
		return nil, &damage{id, "is a branch without children"}
	}
	at := pageHeader + count*elementSize // where the next key must stand
	if at > limit {
		return nil, &damage{id, fmt.Sprintf("has %d elements, more than it can hold", count)}
	}
	table, err := w.span(id, data, pageHeader, count*elementSize)
	if err != nil {
		return nil, err
	}
	out := make([]element, count)
	for i := range out {
		t, el := table[i*elementSize:], &out[i]
		var pos, ksize, vsize uint64
		if branch {
			pos, ksize, el.child = uint64(e.Uint32(t)), uint64(e.Uint32(t[4:])), e.Uint64(t[8:])
		} else {
			el.flags = e.Uint32(t)
			pos, ksize, vsize = uint64(e.Uint32(t[4:])), uint64(e.Uint32(t[8:])), uint64(e.Uint32(t[12:]))
		}
		if pageHeader+uint64(i)*elementSize+pos != at || at+ksize+vsize > limit || ksize == 0 {
			return nil, &damage{id, fmt.Sprintf("element %d is out of its place", i)}
		}
		key, err := w.span(id, data, at, ksize)
		if err != nil {
			return nil, err
		}
		if el.key = key; kept {
			el.key = bytes.Clone(key)
		}
		if el.flags != 0 {
			value, err := w.span(id, data, at+ksize, vsize)
			if err != nil {
				return nil, err
			}
			el.value = bytes.Clone(value)
		}
		at += ksize + vsize
	}
	return out, nil
}

func (w *walker) branch(id uint64, elements []element, top bool, last *[]byte, depth int) ([]byte, error) {
	for i, el := range elements {
		first, err := w.tree(el.child, top, last, depth+1)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(first, el.key) {
			return nil, &damage{id, fmt.Sprintf("element %d does not name the first key of page %d", i, el.child)}
		}
	}
	return elements[0].key, nil
}

func (w *walker) leaf(id uint64, elements []element, top bool, last *[]byte) ([]byte, error) {
	for i, el := range elements {
		if *last != nil && bytes.Compare(*last, el.key) >= 0 {
			return nil, &damage{id, fmt.Sprintf("element %d is out of order", i)}
		}
		*last = append((*last)[:0], el.key...)
		switch {
		case !top && el.flags != 0, top && el.flags != flagBucket:
			return nil, &damage{id, fmt.Sprintf("element %d has the type %#x", i, el.flags)}
		case top:
			if err := w.bucket(id, el); err != nil {
				return nil, err
			}
		}
	}
	if len(elements) == 0 {
		return nil, nil
	}
	return bytes.Clone(elements[0].key), nil
}

// bucket checks the tree of a top-level bucket that stands on page id.
func (w *walker) bucket(id uint64, el element) error {
	w.names = append(w.names, string(el.key))
	if len(el.value) < bucketHeader {
		return &damage{id, fmt.Sprintf("bucket %q has no header", el.key)}
	}
	var last []byte
	if root := binary.NativeEndian.Uint64(el.value); root != 0 {
		_, err := w.tree(root, false, &last, 0)
		return err
	}
	page := el.value[bucketHeader:]
	if len(page) < pageHeader || binary.NativeEndian.Uint16(page[8:]) != flagLeaf {
		return &damage{id, fmt.Sprintf("bucket %q has no page", el.key)}
	}
	// An inline page is never longer than a page, so elements stays inside it.
	elements, err := w.elements(id, page, uint64(len(page)), false)
	if err != nil {
		return err
	}
	_, err = w.leaf(id, elements, false, &last)
	return err
}

// readThrough reads a file once in order, so that the random accesses of a map
// find it in memory: 1 M records were ready ten times sooner on a cold disk.
func readThrough(r io.ReaderAt, size int64) error {
	_, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{io.NewSectionReader(r, 0, size)}, make([]byte, readAheadSize))
	return err
}
