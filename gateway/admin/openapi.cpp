// tabular: one JSON document
#include "gateway/admin/openapi.hpp"

namespace sluice::gateway {

std::string_view openapi_json()
{
    return R"json({
"openapi": "3.1.0",
"info": {"title": "Sluice", "version": ")json" SLUICE_VERSION R"json(",
 "description": "Edge listener: events in. Admin listener: status, metrics, dead letters, exports."},
"servers": [{"url": "http://127.0.0.1:8080", "description": "edge"},
            {"url": "http://127.0.0.1:8081", "description": "admin"}],
"components": {
 "schemas": {
  "Accepted": {"type": "object", "required": ["requestId", "accepted"], "properties": {
   "requestId": {"type": "string"}, "accepted": {"type": "integer", "description": "events that are durable"},
   "rejected": {"type": "array", "items": {"type": "object", "properties": {
    "index": {"type": "integer"}, "title": {"type": "string"}, "detail": {"type": "string"}}}}}},
  "Problem": {"type": "object", "description": "RFC 9457", "properties": {
   "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
   "detail": {"type": "string"}, "requestId": {"type": "string"}}}},
 "responses": {"Problem": {"description": "What is wrong and what to do about it", "content": {
  "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}},
 "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
"paths": {
 "/v1/events": {"post": {"summary": "One event, an array, NDJSON or CloudEvents; 202 once all is durable",
  "security": [{}, {"token": []}],
  "parameters": [
   {"name": "datastream", "in": "query", "schema": {"type": "string"}},
   {"name": "x-sluice-datastream", "in": "header", "schema": {"type": "string"}}],
  "requestBody": {"required": true, "content": {
   "application/json": {"schema": {"oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}},
   "application/x-ndjson": {"schema": {"type": "string"}},
   "application/cloudevents+json": {"schema": {"type": "object"}},
   "application/cloudevents-batch+json": {"schema": {"type": "array", "items": {"type": "object"}}}}},
  "responses": {
   "202": {"description": "All events are durable", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Accepted"}}}},
   "207": {"description": "Some events were refused, the rest is durable", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Accepted"}}}},
   "400": {"$ref": "#/components/responses/Problem"}, "401": {"$ref": "#/components/responses/Problem"},
   "404": {"$ref": "#/components/responses/Problem"}, "413": {"$ref": "#/components/responses/Problem"},
   "415": {"$ref": "#/components/responses/Problem"}, "429": {"$ref": "#/components/responses/Problem"},
   "503": {"$ref": "#/components/responses/Problem"}}}},
 "/healthz": {"get": {"summary": "The process answers", "responses": {"200": {"description": "ok"}}}},
 "/readyz": {"get": {"summary": "The log accepts events", "responses": {"200": {"description": "ready"}, "503": {"$ref": "#/components/responses/Problem"}}}},
 "/metrics": {"get": {"summary": "Prometheus text", "responses": {"200": {"description": "metrics"}}}},
 "/api/v1/status": {"get": {"summary": "Lanes, rules, datasets, exports", "responses": {"200": {"description": "status"}}}},
 "/api/v1/datasets": {"get": {"summary": "Datasets with extents and readers", "responses": {"200": {"description": "datasets"}}}},
 "/api/v1/datasets/{dataset}": {"get": {"summary": "One dataset: partitions, retention and what holds it back, readers, lost ranges", "parameters": [
  {"name": "dataset", "in": "path", "required": true, "schema": {"type": "string"}}],
  "responses": {"200": {"description": "dataset"}, "404": {"$ref": "#/components/responses/Problem"}}}},
 "/api/v1/datasets/{dataset}/trim": {"post": {"summary": "Remove the oldest records, in whole stored batches; never past an unread reader unless past_unread", "parameters": [
  {"name": "dataset", "in": "path", "required": true, "schema": {"type": "string"}},
  {"name": "before", "in": "query", "schema": {"type": "integer"}, "description": "offset; either this or before_time"},
  {"name": "before_time", "in": "query", "schema": {"type": "string", "format": "date-time"}},
  {"name": "partition", "in": "query", "schema": {"type": "integer"}},
  {"name": "past_unread", "in": "query", "schema": {"type": "string"}, "description": "1: what lanes have not read counts as expired"},
  {"name": "dry_run", "in": "query", "schema": {"type": "string"}}],
  "responses": {"200": {"description": "per partition: new_begin, records, bytes, unread, held_back_by"}, "400": {"$ref": "#/components/responses/Problem"},
   "404": {"$ref": "#/components/responses/Problem"}, "409": {"$ref": "#/components/responses/Problem"}}}},
 "/api/v1/cursors": {"get": {"summary": "Where lanes and exports stand", "parameters": [
  {"name": "dataset", "in": "query", "schema": {"type": "string"}},
  {"name": "reader", "in": "query", "schema": {"type": "string"}, "description": "lane/<destination> or export/<name>"}],
  "responses": {"200": {"description": "cursors"}}}},
 "/api/v1/cursors/{reader}": {"post": {"summary": "Move a lane; it is stopped and started again", "parameters": [
  {"name": "reader", "in": "path", "required": true, "schema": {"type": "string"}, "description": "destination, or lane/<destination>"},
  {"name": "dataset", "in": "query", "required": true, "schema": {"type": "string"}},
  {"name": "partition", "in": "query", "schema": {"type": "integer"}},
  {"name": "to", "in": "query", "required": true, "schema": {"type": "string"}, "description": "offset, begin, end, time, +N or -N"},
  {"name": "dry_run", "in": "query", "schema": {"type": "string"}}],
  "responses": {"200": {"description": "per partition: from, to, repeats, skips"}, "400": {"$ref": "#/components/responses/Problem"},
   "409": {"$ref": "#/components/responses/Problem"}}}},
 "/api/v1/backup": {"post": {"summary": "A verified copy of the data folder, made while the gateway works", "parameters": [
  {"name": "folder", "in": "query", "required": true, "schema": {"type": "string"}, "description": "full path on the gateway's machine; must not exist or be empty"}],
  "responses": {"200": {"description": "folder, files, bytes, partitions"}, "400": {"$ref": "#/components/responses/Problem"},
   "409": {"$ref": "#/components/responses/Problem"}, "503": {"$ref": "#/components/responses/Problem"}}}},
 "/api/v1/datasets/{dataset}/records": {"get": {"summary": "Records as NDJSON", "parameters": [
  {"name": "dataset", "in": "path", "required": true, "schema": {"type": "string"}},
  {"name": "partition", "in": "query", "schema": {"type": "integer"}},
  {"name": "from", "in": "query", "schema": {"type": "integer"}},
  {"name": "last", "in": "query", "schema": {"type": "integer"}},
  {"name": "to", "in": "query", "schema": {"type": "integer"}, "description": "one past the last offset"},
  {"name": "since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
  {"name": "until", "in": "query", "schema": {"type": "string", "format": "date-time"}},
  {"name": "id", "in": "query", "schema": {"type": "string"}},
  {"name": "where", "in": "query", "schema": {"type": "string"}, "description": "CEL over event"},
  {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 1000}}],
  "responses": {"200": {"description": "records"}, "404": {"$ref": "#/components/responses/Problem"}}}},
 "/api/v1/dead/{destination}": {"get": {"summary": "Dead letters", "parameters": [
  {"name": "destination", "in": "path", "required": true, "schema": {"type": "string"}},
  {"name": "reason", "in": "query", "schema": {"type": "string"}},
  {"name": "rule", "in": "query", "schema": {"type": "string"}},
  {"name": "id", "in": "query", "schema": {"type": "string"}},
  {"name": "since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
  {"name": "until", "in": "query", "schema": {"type": "string", "format": "date-time"}},
  {"name": "where", "in": "query", "schema": {"type": "string"}},
  {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 100}},
  {"name": "position", "in": "query", "schema": {"type": "integer"}},
  {"name": "all", "in": "query", "schema": {"type": "string"}, "description": "1: also redriven and dropped ones"},
  {"name": "format", "in": "query", "schema": {"type": "string", "enum": ["json", "ndjson"]}, "description": "ndjson: a letter a line"}],
  "responses": {"200": {"description": "letters; the event byte for byte as accepted"}}}},
 "/api/v1/dead/{destination}/redrive": {"post": {"summary": "Send them again; same filters as the list, and dry_run", "parameters": [
  {"name": "destination", "in": "path", "required": true, "schema": {"type": "string"}}],
  "responses": {"200": {"description": "how many"}}}},
 "/api/v1/dead/{destination}/drop": {"post": {"summary": "Mark them as dealt with", "parameters": [
  {"name": "destination", "in": "path", "required": true, "schema": {"type": "string"}}],
  "responses": {"200": {"description": "how many"}}}},
 "/api/v1/replay/{dataset}": {"post": {"summary": "A range of a dataset to one destination again", "parameters": [
  {"name": "dataset", "in": "path", "required": true, "schema": {"type": "string"}},
  {"name": "destination", "in": "query", "required": true, "schema": {"type": "string"}},
  {"name": "from", "in": "query", "schema": {"type": "integer"}},
  {"name": "to", "in": "query", "schema": {"type": "integer"}},
  {"name": "since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
  {"name": "until", "in": "query", "schema": {"type": "string", "format": "date-time"}},
  {"name": "partition", "in": "query", "schema": {"type": "integer"}},
  {"name": "where", "in": "query", "schema": {"type": "string"}, "description": "CEL over event"},
  {"name": "limit", "in": "query", "schema": {"type": "integer"}, "description": "stop after so many events; go on with the ranges in `remaining`"},
  {"name": "dry_run", "in": "query", "schema": {"type": "string"}}],
  "responses": {"200": {"description": "replayed (or would_replay), read, remaining"}}}},
 "/api/v1/lanes/{destination}/enable": {"post": {"summary": "The destination is in order again", "parameters": [
  {"name": "destination", "in": "path", "required": true, "schema": {"type": "string"}}],
  "responses": {"200": {"description": "enabled"}, "404": {"$ref": "#/components/responses/Problem"}}}},
 "/api/v1/exports/runs": {"get": {"summary": "Flow runs, newest first", "parameters": [
  {"name": "name", "in": "query", "schema": {"type": "string"}},
  {"name": "run", "in": "query", "schema": {"type": "string"}}],
  "responses": {"200": {"description": "runs"}}}},
 "/api/v1/exports/{export}/run": {"post": {"summary": "Export now", "parameters": [
  {"name": "export", "in": "path", "required": true, "schema": {"type": "string"}}],
  "responses": {"202": {"description": "started"}, "404": {"$ref": "#/components/responses/Problem"}}}}
}})json";
}

}  // namespace sluice::gateway
