package server

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
)

// beginImport begins an import of one file and sends no more.
func beginImport(t *testing.T, conn grpc.ClientConnInterface) grpc.BidiStreamingClient[cairnv1.ImportRequest, cairnv1.ImportResponse] {
	t.Helper()
	stream, err := cairnv1.NewFactServiceClient(conn).Import(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	header := &cairnv1.ImportHeader{Files: []string{"people.csv"}}
	if err := stream.Send(&cairnv1.ImportRequest{Message: &cairnv1.ImportRequest_Header{Header: header}}); err != nil {
		t.Fatal(err)
	}
	return stream
}

// TestImportLimit: so many imports run at once and no more, and one that ends
// makes room.
func TestImportLimit(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	w := newWorld(t, "", Options{ImportLimit: 2})
	people := upload{"people.csv", []byte("person\nada\n")}
	first := beginImport(t, w.conn)
	beginImport(t, w.server.Client())
	waitFor(t, "two imports to run", func() bool { return len(spools(t)) == 2 })
	for _, conn := range []grpc.ClientConnInterface{w.conn, w.server.Client()} {
		st := status.Convert(w.load(t, conn, &cairnv1.ImportHeader{}, people).err)
		if st.Code() != codes.ResourceExhausted || reasonOf(st) != "TOO_MANY_IMPORTS" {
			t.Errorf("a third import: %v, want %v and the reason TOO_MANY_IMPORTS", st, codes.ResourceExhausted)
		}
	}
	if err := first.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if r := answers(first); reasonOf(status.Convert(r.err)) != "BROKEN_OFF" {
		t.Errorf("the first import ends with %v", r.err)
	}
	if r := w.load(t, w.conn, &cairnv1.ImportHeader{}, people); r.err != nil {
		t.Errorf("after the first has ended: %v", r.err)
	}
}

// TestImportIdle: an import ends when its caller sends nothing, also before the
// header, or does not take the answers.
func TestImportIdle(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	w := newWorld(t, "", Options{ImportIdleLimit: 300 * time.Millisecond, ImportLimit: 1})
	// idle reports how an import ends that nobody goes on with.
	idle := func(name string, stream grpc.BidiStreamingClient[cairnv1.ImportRequest, cairnv1.ImportResponse]) {
		t.Helper()
		st := status.Convert(answers(stream).err)
		if st.Code() != codes.ResourceExhausted || reasonOf(st) != "IMPORT_IDLE" {
			t.Errorf("%s: %v, want %v and the reason IMPORT_IDLE", name, st, codes.ResourceExhausted)
		}
		waitFor(t, "the spool to be removed", func() bool { return len(spools(t)) == 0 })
	}
	// A connection that takes 64 KiB without a reader, however quick the machine.
	narrow, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(w.url, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(64<<10), grpc.WithInitialConnWindowSize(64<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = narrow.Close() }()
	for name, conn := range map[string]grpc.ClientConnInterface{"port": narrow, "process": w.server.Client()} {
		silent, err := cairnv1.NewFactServiceClient(conn).Import(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		idle(name+", nothing sent", silent)
		idle(name+", header only", beginImport(t, conn))

		// Half a megabyte of remarks is more than a connection takes without a reader.
		stream := beginImport(t, conn)
		waitFor(t, "the import to run", func() bool { return len(w.server.imports) == 1 })
		table := append([]byte("person,competency,level,at\n"), bytes.Repeat([]byte("ada,"+strings.Repeat("x", 400)+",1,2026-01-01\n"), 1000)...)
		chunk := &cairnv1.ImportChunk{File: "people.csv", Data: table, End: true}
		if err := stream.Send(&cairnv1.ImportRequest{Message: &cairnv1.ImportRequest_Chunk{Chunk: chunk}}); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the import to give up on its caller", func() bool { return len(w.server.imports) == 0 })
		st := status.Convert(answers(stream).err)
		if reasonOf(st) != "IMPORT_IDLE" || !strings.Contains(st.Message(), "took no answer") {
			t.Errorf("%s, answers not taken: %v, want the reason IMPORT_IDLE", name, st)
		}
	}
}
