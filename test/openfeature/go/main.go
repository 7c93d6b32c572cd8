// Evaluates flags through the published OpenFeature SDK for Go: main URL. Its OFREP provider is in no registry that we build from, so
// a small one stands here. Reads one JSON request a line ({"key", "type", "default", "context"}), writes one JSON answer a line.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/open-feature/go-sdk/openfeature"
)

type ofrepProvider struct{ base string }

type answer struct {
	Value        any            `json:"value"`
	Reason       string         `json:"reason"`
	Variant      string         `json:"variant"`
	Metadata     map[string]any `json:"metadata"`
	ErrorCode    string         `json:"errorCode"`
	ErrorDetails string         `json:"errorDetails"`
}

func (p ofrepProvider) Metadata() openfeature.Metadata { return openfeature.Metadata{Name: "ofrep"} }
func (p ofrepProvider) Hooks() []openfeature.Hook      { return nil }

func failed(err openfeature.ResolutionError) openfeature.ProviderResolutionDetail {
	return openfeature.ProviderResolutionDetail{ResolutionError: err, Reason: openfeature.ErrorReason}
}

func resolutionError(code, details string) openfeature.ResolutionError {
	switch code {
	case "FLAG_NOT_FOUND":
		return openfeature.NewFlagNotFoundResolutionError(details)
	case "TARGETING_KEY_MISSING":
		return openfeature.NewTargetingKeyMissingResolutionError(details)
	case "PARSE_ERROR":
		return openfeature.NewParseErrorResolutionError(details)
	case "INVALID_CONTEXT":
		return openfeature.NewInvalidContextResolutionError(details)
	}
	return openfeature.NewGeneralResolutionError(details)
}

func resolve[T any](p ofrepProvider, ctx context.Context, flag string, fallback T, flat openfeature.FlattenedContext) (T, openfeature.ProviderResolutionDetail) {
	body, _ := json.Marshal(map[string]any{"context": flat})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base+"/ofrep/v1/evaluate/flags/"+url.PathEscape(flag), bytes.NewReader(body))
	if err != nil {
		return fallback, failed(openfeature.NewGeneralResolutionError(err.Error()))
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fallback, failed(openfeature.NewGeneralResolutionError(err.Error()))
	}
	defer response.Body.Close()
	var got answer
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&got); err != nil {
		return fallback, failed(openfeature.NewParseErrorResolutionError(err.Error()))
	}
	if response.StatusCode != http.StatusOK {
		return fallback, failed(resolutionError(got.ErrorCode, got.ErrorDetails))
	}
	// Numbers are told apart by how they are written: 3 and 3.0.
	value := got.Value
	if number, ok := value.(json.Number); ok {
		if _, wantsInteger := any(fallback).(int64); wantsInteger {
			if integer, err := number.Int64(); err == nil {
				value = integer
			}
		} else if real, err := number.Float64(); err == nil {
			value = real
		}
	}
	typed, ok := value.(T)
	if !ok {
		return fallback, failed(openfeature.NewTypeMismatchResolutionError(fmt.Sprintf("%T", value)))
	}
	return typed, openfeature.ProviderResolutionDetail{Reason: openfeature.Reason(got.Reason), Variant: got.Variant, FlagMetadata: got.Metadata}
}

func (p ofrepProvider) BooleanEvaluation(ctx context.Context, flag string, fallback bool, flat openfeature.FlattenedContext) openfeature.BoolResolutionDetail {
	value, detail := resolve(p, ctx, flag, fallback, flat)
	return openfeature.BoolResolutionDetail{Value: value, ProviderResolutionDetail: detail}
}
func (p ofrepProvider) StringEvaluation(ctx context.Context, flag string, fallback string, flat openfeature.FlattenedContext) openfeature.StringResolutionDetail {
	value, detail := resolve(p, ctx, flag, fallback, flat)
	return openfeature.StringResolutionDetail{Value: value, ProviderResolutionDetail: detail}
}
func (p ofrepProvider) FloatEvaluation(ctx context.Context, flag string, fallback float64, flat openfeature.FlattenedContext) openfeature.FloatResolutionDetail {
	value, detail := resolve(p, ctx, flag, fallback, flat)
	return openfeature.FloatResolutionDetail{Value: value, ProviderResolutionDetail: detail}
}
func (p ofrepProvider) IntEvaluation(ctx context.Context, flag string, fallback int64, flat openfeature.FlattenedContext) openfeature.IntResolutionDetail {
	value, detail := resolve(p, ctx, flag, fallback, flat)
	return openfeature.IntResolutionDetail{Value: value, ProviderResolutionDetail: detail}
}
func (p ofrepProvider) ObjectEvaluation(ctx context.Context, flag string, fallback any, flat openfeature.FlattenedContext) openfeature.InterfaceResolutionDetail {
	value, detail := resolve(p, ctx, flag, fallback, flat)
	return openfeature.InterfaceResolutionDetail{Value: value, ProviderResolutionDetail: detail}
}

type question struct {
	Key     string
	Type    string
	Default json.RawMessage
	Context map[string]any
}

type told struct {
	Value     any    `json:"value"`
	Reason    string `json:"reason"`
	Variant   string `json:"variant,omitempty"`
	ErrorCode string `json:"errorCode,omitempty"`
}

func tell(value any, details openfeature.EvaluationDetails) told {
	return told{value, string(details.Reason), details.Variant, string(details.ErrorCode)}
}

func ask(client *openfeature.Client, q question) told {
	ctx := context.Background()
	key, _ := q.Context["targetingKey"].(string)
	delete(q.Context, "targetingKey")
	evaluation := openfeature.NewEvaluationContext(key, q.Context)
	switch q.Type {
	case "boolean":
		var fallback bool
		json.Unmarshal(q.Default, &fallback)
		details, _ := client.BooleanValueDetails(ctx, q.Key, fallback, evaluation)
		return tell(details.Value, details.EvaluationDetails)
	case "string":
		var fallback string
		json.Unmarshal(q.Default, &fallback)
		details, _ := client.StringValueDetails(ctx, q.Key, fallback, evaluation)
		return tell(details.Value, details.EvaluationDetails)
	case "integer":
		var fallback int64
		json.Unmarshal(q.Default, &fallback)
		details, _ := client.IntValueDetails(ctx, q.Key, fallback, evaluation)
		return tell(details.Value, details.EvaluationDetails)
	case "double":
		var fallback float64
		json.Unmarshal(q.Default, &fallback)
		details, _ := client.FloatValueDetails(ctx, q.Key, fallback, evaluation)
		return tell(details.Value, details.EvaluationDetails)
	}
	var fallback any
	json.Unmarshal(q.Default, &fallback)
	details, _ := client.ObjectValueDetails(ctx, q.Key, fallback, evaluation)
	return tell(details.Value, details.EvaluationDetails)
}

func main() {
	if err := openfeature.SetProviderAndWait(ofrepProvider{os.Args[1]}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	client := openfeature.NewClient("test")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		line, _ := json.Marshal(ask(client, q))
		fmt.Println(string(line))
	}
}
