package neo4jtest

import (
	"bufio"
	"io"
)

// What the proxy reads of Bolt, as the Bolt Protocol documentation of Neo4j has
// it ("Bolt handshake", including its manifest v1; "Message transfer encoding";
// "Messages"): enough to tell requests from answers, and COMMIT from the rest.
const (
	// boltMagic begins every Bolt connection, from the client; four proposals of
	// four bytes follow.
	boltMagic     = "\x60\x60\xb0\x17"
	proposalBytes = 16
	versionBytes  = 4

	// manifestV1 is the version that a server answers when it offers a list of
	// versions, from which the client then chooses.
	manifestV1 = "\x00\x00\x01\xff"

	tagGoodbye = 0x02 // the only request without an answer
	tagCommit  = 0x12

	// Each request is answered by records, if it asks for them, and one of these.
	tagSuccess = 0x70
	tagIgnored = 0x7e
	tagFailure = 0x7f
)

// message is one message as it is on the wire, with the sizes of its chunks and
// the zero size that ends it. A message without chunks keeps the connection
// alive and means nothing: its tag is 0.
type message struct {
	raw []byte
	tag byte
}

// summary tells whether the message is the last of the answer to a request.
func (m message) summary() bool {
	return m.tag == tagSuccess || m.tag == tagIgnored || m.tag == tagFailure
}

// readMessage reads one message. It keeps buf's space, so a message is good
// until the next is read into the same space.
func readMessage(r *bufio.Reader, buf []byte) (message, error) {
	m := message{raw: buf[:0]}
	body := 0 // bytes of the chunks so far
	for {
		at := len(m.raw)
		var err error
		if m.raw, err = readMore(r, m.raw, 2); err != nil {
			return m, err
		}
		size := int(m.raw[at])<<8 | int(m.raw[at+1])
		if size == 0 {
			return m, nil
		}
		at = len(m.raw)
		if m.raw, err = readMore(r, m.raw, size); err != nil {
			return m, err
		}
		// The body begins with the marker of a structure and its tag.
		if body < 2 && body+size >= 2 {
			m.tag = m.raw[at+1-body]
		}
		body += size
	}
}

// readMore appends the next n bytes.
func readMore(r *bufio.Reader, to []byte, n int) ([]byte, error) {
	at := len(to)
	to = append(to, make([]byte, n)...)
	_, err := io.ReadFull(r, to[at:])
	return to, err
}

// readVarint appends the bytes of a number of the manifest, seven bits in each,
// and returns the number too.
func readVarint(r *bufio.Reader, to []byte) ([]byte, int, error) {
	n := 0
	for shift := 0; ; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return to, 0, err
		}
		to = append(to, b)
		n |= int(b&0x7f) << shift
		if b < 0x80 || shift > 28 {
			return to, n, nil
		}
	}
}

// readVersion reads the server's answer to the proposals, and tells whether the
// client is to choose from a list.
func readVersion(r *bufio.Reader) (raw []byte, choose bool, err error) {
	if raw, err = readMore(r, nil, versionBytes); err != nil || string(raw) != manifestV1 {
		return raw, false, err
	}
	raw, n, err := readVarint(r, raw)
	if err != nil {
		return raw, true, err
	}
	if raw, err = readMore(r, raw, n*versionBytes); err != nil {
		return raw, true, err
	}
	raw, _, err = readVarint(r, raw) // abilities
	return raw, true, err
}

// readChoice reads the client's choice from a list.
func readChoice(r *bufio.Reader) ([]byte, error) {
	raw, err := readMore(r, nil, versionBytes)
	if err != nil {
		return raw, err
	}
	raw, _, err = readVarint(r, raw)
	return raw, err
}
