package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	cairnv1 "github.com/cairn-skills/cairn/gen/cairn/v1"
	"github.com/cairn-skills/cairn/graph"
)

// domain is that of every ErrorInfo.
const domain = "cairn"

// classes is the table from the classes of errors to what callers see. Nothing
// else in the house makes a status. The class of an error is tried in order.
var classes = []struct {
	class  error
	code   codes.Code
	http   int
	reason string // unless the error has its own
}{
	{graph.ErrInvalid, codes.InvalidArgument, http.StatusBadRequest, "INVALID"},
	{graph.ErrNotFound, codes.NotFound, http.StatusNotFound, "NOT_FOUND"},
	{graph.ErrExists, codes.AlreadyExists, http.StatusConflict, "EXISTS"},
	{graph.ErrConflict, codes.Aborted, http.StatusConflict, "CONFLICT"}, // after If-Match 412
	{graph.ErrGone, codes.OutOfRange, http.StatusGone, "GONE"},
	{graph.ErrLaw, codes.FailedPrecondition, http.StatusBadRequest, "LAW"},
	{graph.ErrLimit, codes.ResourceExhausted, http.StatusTooManyRequests, "LIMIT"},
	{graph.ErrUnavailable, codes.Unavailable, http.StatusServiceUnavailable, "UNAVAILABLE"},
	{context.Canceled, codes.Canceled, 499, "CANCELED"},
	{context.DeadlineExceeded, codes.DeadlineExceeded, http.StatusGatewayTimeout, "DEADLINE_EXCEEDED"},
	{errForbidden, codes.PermissionDenied, http.StatusForbidden, "FORBIDDEN"},
	{errUnknownMethod, codes.Unimplemented, http.StatusNotImplemented, "UNIMPLEMENTED"},
}

// internal is what callers see of every other error: the message is in the log
// under the id of the call.
const internalReason = "INTERNAL"

// The server's own classes.
var (
	errForbidden     = errors.New("not allowed")
	errUnknownMethod = errors.New("the server has no such call")
)

// httpCode is the HTTP status of a gRPC code.
func httpCode(c codes.Code) int {
	if c == codes.OK {
		return http.StatusOK
	}
	for _, row := range classes {
		if row.code == c {
			return row.http
		}
	}
	return http.StatusInternalServerError
}

// statusOf is err as callers see it, with an ErrorInfo, the problems or fields it
// has, and the id of the call. An error outside the table is logged whole and
// hidden.
func (s *Server) statusOf(ctx context.Context, err error) error {
	id := ""
	c := callOf(ctx)
	if c != nil {
		id = c.id
	}
	request := &errdetails.RequestInfo{RequestId: id}
	if shape, ok := errors.AsType[*protovalidate.ValidationError](err); ok {
		return detailed(codes.InvalidArgument, "SHAPE", "", shapeMessage(shape), shapeFields(shape), request)
	}
	if errors.Is(err, errUnknownMethod) {
		return detailed(codes.Unimplemented, "UNIMPLEMENTED", "", err.Error(), request)
	}
	if refused, ok := errors.AsType[*catalogError](err); ok {
		return detailed(codes.FailedPrecondition, refused.cause.Reason, refused.cause.Subject, refused.Error(), refused.problems, request)
	}
	e, _ := errors.AsType[*graph.Error](err)
	for _, row := range classes {
		if !errors.Is(err, row.class) || e == nil && row.code < codes.Canceled {
			continue
		}
		if e == nil {
			return detailed(row.code, row.reason, "", row.class.Error(), request)
		}
		reason := e.Reason
		if reason == "" {
			reason = row.reason
		}
		message := e.Error()
		if row.code == codes.Unavailable {
			s.log.LogAttrs(ctx, slog.LevelError, "unavailable", slog.String("request", id), slog.Any("error", err))
		}
		details := []protoadapt.MessageV1{request}
		if row.code == codes.InvalidArgument && e.Subject != "" {
			details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
				{Field: e.Subject, Description: e.Message, Reason: reason},
			}})
		}
		return detailed(row.code, reason, e.Subject, message, details...)
	}
	if st, ok := status.FromError(err); ok && st.Code() != codes.Unknown {
		return err // made by gRPC itself
	}
	attrs := []slog.Attr{slog.String("request", id), slog.Any("error", err)}
	if c != nil {
		attrs = append(attrs, slog.String("method", c.method))
	}
	s.log.LogAttrs(ctx, slog.LevelError, "internal error", attrs...)
	return detailed(codes.Internal, internalReason, "", "internal error; the server's log has it under the request id "+id, request)
}

// detailed is a status with an ErrorInfo and further details.
func detailed(code codes.Code, reason, subject, message string, details ...protoadapt.MessageV1) error {
	info := &errdetails.ErrorInfo{Domain: domain, Reason: reason}
	if subject != "" {
		info.Metadata = map[string]string{"subject": subject}
	}
	st, err := status.New(code, message).WithDetails(append([]protoadapt.MessageV1{info}, details...)...)
	if err != nil { // only for a code of OK
		return status.Error(code, message)
	}
	return st.Err()
}

// shapeMessage is what is wrong with the first field.
func shapeMessage(e *protovalidate.ValidationError) string {
	list := shapeFields(e).GetFieldViolations()
	switch {
	case len(list) == 0:
		return "the request has another shape"
	case list[0].GetField() == "":
		return list[0].GetDescription()
	}
	return list[0].GetField() + ": " + list[0].GetDescription()
}

func shapeFields(e *protovalidate.ValidationError) *errdetails.BadRequest {
	out := &errdetails.BadRequest{}
	for _, v := range e.Violations {
		out.FieldViolations = append(out.FieldViolations, &errdetails.BadRequest_FieldViolation{
			Field: protovalidate.FieldPathString(v.Proto.GetField()), Description: v.Proto.GetMessage(), Reason: "SHAPE",
		})
	}
	return out
}

// errUnknownService answers health checks of services that the server has not.
var errUnknownService = &graph.Error{Class: graph.ErrNotFound, Reason: "SERVICE_NOT_FOUND", Subject: "service", Message: "the server has no such service"}

// catalogError is why catalog files were refused, with the places.
type catalogError struct {
	cause    *graph.Error
	problems *cairnv1.CatalogProblems
}

// Error is the first problem and how many more there are.
func (e *catalogError) Error() string { return e.cause.Error() }

// Unwrap is the error without the places.
func (e *catalogError) Unwrap() error { return e.cause }
