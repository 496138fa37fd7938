// Command openapi is the protoc plugin that writes the REST interface down as
// one OpenAPI 3.1 document.
//
// protoc-gen-openapiv3 writes a document per proto file, and one file holds one
// service; whoever generates a client wants a single document. So this plugin
// hands its request on to protoc-gen-openapiv3 and joins the answers. Two files
// that describe the same thing differently are an error, not a choice.
//
// The plugin takes title= and version= for the joined document.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"
)

// outName is below the folder that buf.gen.yaml names as out.
const outName = "cairn.openapi.json"

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	raw, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	req := &pluginpb.CodeGeneratorRequest{}
	if err := proto.Unmarshal(raw, req); err != nil {
		return err
	}
	head, err := parseInfo(req.GetParameter())
	if err != nil {
		return err
	}
	doc := newDocument(head)
	req.Parameter = nil
	parts, err := generate(req)
	if err != nil {
		return err
	}
	resp := &pluginpb.CodeGeneratorResponse{
		SupportedFeatures: parts.SupportedFeatures,
		MinimumEdition:    parts.MinimumEdition,
		MaximumEdition:    parts.MaximumEdition,
		Error:             parts.Error,
	}
	for _, part := range parts.GetFile() {
		if err := doc.join([]byte(part.GetContent())); err != nil {
			return fmt.Errorf("%s: %w", part.GetName(), err)
		}
	}
	if resp.Error == nil && len(parts.GetFile()) > 0 {
		text, err := json.MarshalIndent(doc, "", "  ")
		if err != nil {
			return err
		}
		resp.File = append(resp.File, &pluginpb.CodeGeneratorResponse_File{
			Name:    new(outName),
			Content: new(string(text) + "\n"),
		})
	}
	raw, err = proto.Marshal(resp)
	if err != nil {
		return err
	}
	_, err = out.Write(raw)
	return err
}

// generate asks protoc-gen-openapiv3 for its document per file.
func generate(req *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorResponse, error) {
	raw, err := proto.Marshal(req)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "tool", "protoc-gen-openapiv3")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(raw), os.Stderr
	raw, err = cmd.Output()
	if err != nil {
		return nil, err
	}
	resp := &pluginpb.CodeGeneratorResponse{}
	return resp, proto.Unmarshal(raw, resp)
}

func parseInfo(parameter string) (info, error) {
	var i info
	for option := range strings.SplitSeq(parameter, ",") {
		switch name, value, _ := strings.Cut(option, "="); name {
		case "title":
			i.Title = value
		case "version":
			i.Version = value
		default:
			return info{}, fmt.Errorf("unknown option %q: known are title and version", option)
		}
	}
	return i, nil
}

type object map[string]json.RawMessage

// document holds what the parts have. join refuses a field that is not here, so
// that nothing is lost when the generator learns something new.
type document struct {
	OpenAPI    string            `json:"openapi"`
	Info       info              `json:"info"`
	Tags       []json.RawMessage `json:"tags,omitempty"`
	Paths      object            `json:"paths"`
	Components map[string]object `json:"components"`
}

type info struct {
	Title   string `json:"title"`
	Version string `json:"version"`
}

func newDocument(head info) *document {
	return &document{OpenAPI: "3.1.0", Info: head, Paths: object{}, Components: map[string]object{}}
}

// join adds one file's document, without its head.
func (d *document) join(text []byte) error {
	var part document
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&part); err != nil {
		return err
	}
	if part.OpenAPI != d.OpenAPI {
		return fmt.Errorf("openapi is %q, want %q", part.OpenAPI, d.OpenAPI)
	}
	d.Tags = append(d.Tags, part.Tags...)
	for path, raw := range part.Paths {
		if err := d.joinPath(path, raw); err != nil {
			return fmt.Errorf("path %s: %w", path, err)
		}
	}
	for kind, components := range part.Components {
		if d.Components[kind] == nil {
			d.Components[kind] = object{}
		}
		if err := d.Components[kind].join(components); err != nil {
			return fmt.Errorf("components/%s: %w", kind, err)
		}
	}
	return nil
}

// joinPath adds the methods of a path: two services may share one.
func (d *document) joinPath(path string, raw json.RawMessage) error {
	old, ok := d.Paths[path]
	if !ok {
		d.Paths[path] = raw
		return nil
	}
	var have, add object
	if err := json.Unmarshal(old, &have); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &add); err != nil {
		return err
	}
	if err := have.join(add); err != nil {
		return err
	}
	joined, err := json.Marshal(have)
	d.Paths[path] = joined
	return err
}

// join adds from to o. What is in both must be equal, byte for byte: the parts
// come from one generator in one run.
func (o object) join(from object) error {
	for name, raw := range from {
		if old, ok := o[name]; ok && !bytes.Equal(old, raw) {
			return fmt.Errorf("%s is described twice, differently", name)
		}
	}
	maps.Copy(o, from)
	return nil
}
