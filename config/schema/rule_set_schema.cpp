// Tabular: the JSON Schema of rule sets, rules, requests, bodies, steps, libraries and rule tests.

#include "config/schema/json_schema.hpp"

namespace sluice::config {

std::string_view rule_set_definitions()
{
    return R"json({
"name": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
"expression": {"type": ["string", "number", "boolean"], "description": "CEL expression"},
"template": {"type": "string", "description": "Text with {{ expression }}"},
"on_error": {"enum": ["omit", "null", "fail", null],
  "description": "What becomes of an expression in error"},
"nulls": {"enum": ["omit", "keep"], "description": "Whether members that are null are sent"},
"mode": {"enum": ["all", "first"], "default": "all",
  "description": "all: every matching rule acts; first: the first one"},
"params": {"type": "object", "description": "Constants, params.x in expressions"},
"variables": {
  "type": "array", "description": "Named expressions in order; each may use the earlier ones",
  "items": {
    "type": "object", "required": ["name", "expression"], "additionalProperties": false,
    "properties": {
      "name": {"$ref": "#/$defs/name"},
      "expression": {"$ref": "#/$defs/expression"},
      "default": {"$ref": "#/$defs/expression"},
      "clean_text": {"type": "boolean", "description": "Collapse and trim blanks"},
      "lower_case": {"type": "boolean"}
    }
  }
},
"condition": {
  "description": "A CEL boolean, a list (all must hold), all/any/none of lists, or compare",
  "anyOf": [
    {"$ref": "#/$defs/expression"},
    {"type": "array", "items": {"$ref": "#/$defs/condition"}},
    {
      "type": "object", "minProperties": 1, "additionalProperties": false,
      "properties": {
        "all": {"type": "array", "items": {"$ref": "#/$defs/condition"}},
        "any": {"type": "array", "items": {"$ref": "#/$defs/condition"}},
        "none": {"type": "array", "items": {"$ref": "#/$defs/condition"}},
        "compare": {
          "type": "object", "required": ["left", "op"], "additionalProperties": false,
          "properties": {
            "left": {"$ref": "#/$defs/expression"},
            "op": {"type": "string"},
            "right": {},
            "ignore_case": {"type": "boolean"}
          }
        }
      }
    }
  ]
},
"map_tree": {
  "description": "Texts are CEL; $expr, $on_error, $copy, $remove, $use have their own meaning",
  "type": ["object", "array", "string", "number", "boolean", "null"],
  "properties": {
    "$expr": {"$ref": "#/$defs/expression"},
    "$on_error": {"$ref": "#/$defs/on_error"},
    "$copy": {"$ref": "#/$defs/expression"},
    "$remove": {"type": "array", "items": {"type": "string"}},
    "$use": {"type": "string", "description": "library.mapping"}
  },
  "additionalProperties": {"$ref": "#/$defs/map_tree"},
  "items": {"$ref": "#/$defs/map_tree"}
},
"body": {
  "type": "object", "additionalProperties": false,
  "properties": {
    "map": {"$ref": "#/$defs/map_tree"},
    "const": {"description": "Literals, merged into the map"},
    "output": {"$ref": "#/$defs/expression", "description": "One expression for the whole body"},
    "require": {"type": "array", "items": {"type": "string"},
      "description": "Paths that must have a value"},
    "format": {"enum": ["json", "form", "text"], "default": "json"}
  },
  "not": {"anyOf": [{"required": ["map", "output"]}, {"required": ["const", "output"]}]}
},
"request": {
  "type": "object", "additionalProperties": false,
  "properties": {
    "method": {"$ref": "#/$defs/template", "default": "POST"},
    "path": {"$ref": "#/$defs/template", "description": "Appended to the destination's URL"},
    "query": {"type": "object", "additionalProperties": {"$ref": "#/$defs/expression"}},
    "headers": {"type": "object", "additionalProperties": {"$ref": "#/$defs/template"}},
    "body": {"$ref": "#/$defs/body"},
    "key": {"$ref": "#/$defs/expression", "description": "Ordering key; default: the record's"}
  }
},
"step": {
  "type": "object", "required": ["name", "to"], "additionalProperties": false,
  "properties": {
    "name": {"$ref": "#/$defs/name"},
    "when": {"$ref": "#/$defs/condition"},
    "to": {"type": "string"},
    "request": {"$ref": "#/$defs/request"},
    "accept": {"type": "array", "items": {"type": ["string", "integer"]},
      "description": "Statuses that are a success, as 2xx or 404"},
    "timeout": {"type": "string"},
    "max_response": {"type": ["string", "integer"]},
    "on_failure": {"enum": ["stop", "continue"], "default": "stop"}
  }
},
"rule_base": {
  "type": "object",
  "properties": {
    "name": {"$ref": "#/$defs/name"},
    "enabled": {"type": "boolean", "default": true},
    "description": {"type": "string"},
    "when": {"$ref": "#/$defs/condition"},
    "on_condition_error": {"enum": ["no_match", "match", "fail"], "default": "no_match"},
    "sample": {
      "type": "object", "required": ["rate"], "additionalProperties": false,
      "properties": {"rate": {"type": "number", "minimum": 0, "maximum": 1}, "by":
        {"$ref": "#/$defs/expression"}}
    },
    "explanation": {"$ref": "#/$defs/expression"},
    "to": {"type": "string", "description": "Destination"},
    "request": {"$ref": "#/$defs/request"},
    "action": {"type": "string", "description": "Custom action"},
    "input": {"$ref": "#/$defs/map_tree"},
    "steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}},
    "dataset": {"type": "string", "description": "Dataset that receives the event"},
    "body": {"$ref": "#/$defs/body"},
    "drop": {"type": "string", "description": "Reason for dropping the event"},
    "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
    "variables": {"$ref": "#/$defs/variables"},
    "mode": {"$ref": "#/$defs/mode"},
    "else": {"$ref": "#/$defs/rule"},
    "on_error": {"$ref": "#/$defs/on_error"},
    "nulls": {"$ref": "#/$defs/nulls"}
  },
  "additionalProperties": false
},
"rule": {
  "allOf": [{"$ref": "#/$defs/rule_base"}],
  "required": ["name"],
  "oneOf": [
    {"required": ["to"]}, {"required": ["action"]}, {"required": ["steps"]},
    {"required": ["dataset"]}, {"required": ["drop"]}, {"required": ["rules"]}
  ]
},
"rule_test": {
  "type": "object", "required": ["name", "expect"], "additionalProperties": false,
  "properties": {
    "name": {"type": "string"},
    "event": {}, "event_file": {"type": "string"}, "patch": {},
    "meta": {"type": "object"}, "request": {"type": "object"}, "params": {"type": "object"},
    "now": {"type": "string"}, "seed": {"type": "integer"},
    "responses": {"type": "object",
      "description": "rule.step to {status, headers, body} or {timeout: true}"},
    "expect": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "matched": {"type": "array", "items": {"type": "string"}},
        "not_matched": {"type": "object", "additionalProperties": {"type": "string"}},
        "requests": {"type": "object", "additionalProperties": {"type": "object"}},
        "explanation": {"type": "object", "additionalProperties": {"type": "string"}},
        "warnings": {"type": "array", "items": {"type": "string"}}
      }
    }
  }
},
"rule_set": {
  "description": "A rule set, or in a second file only the params that it changes",
  "anyOf": [
    {"$ref": "#/$defs/whole_rule_set"},
    {"type": "object", "required": ["params"], "additionalProperties": false,
      "properties": {"params": {"$ref": "#/$defs/params"}}}
  ]
},
"whole_rule_set": {
  "type": "object", "required": ["source", "rules"], "additionalProperties": false,
  "properties": {
    "source": {
      "description": "Dataset, or list of datasets",
      "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
    },
    "event_types": {"type": "array", "items": {"type": "string"},
      "description": "Values of meta.type; prefix.* is allowed"},
    "description": {"type": "string"},
    "schema": {"type": "string", "description": "JSON Schema file that types the event"},
    "include": {"type": "array", "items": {"type": "string"},
      "description": "Library files, relative to this one"},
    "params": {"$ref": "#/$defs/params"},
    "variables": {"$ref": "#/$defs/variables"},
    "mode": {"$ref": "#/$defs/mode"},
    "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
    "else": {"$ref": "#/$defs/rule"},
    "on_error": {"$ref": "#/$defs/on_error"},
    "nulls": {"$ref": "#/$defs/nulls"},
    "tests": {"type": "array", "items": {"$ref": "#/$defs/rule_test"}}
  }
},
"library": {
  "type": "object", "required": ["library"], "additionalProperties": false,
  "properties": {
    "library": {"$ref": "#/$defs/name"},
    "description": {"type": "string"},
    "params": {"$ref": "#/$defs/params"},
    "variables": {"$ref": "#/$defs/variables"},
    "functions": {
      "type": "array",
      "items": {
        "type": "object", "required": ["name", "expression"], "additionalProperties": false,
        "properties": {
          "name": {"$ref": "#/$defs/name"},
          "params": {"type": "array", "items": {"$ref": "#/$defs/name"}},
          "expression": {"$ref": "#/$defs/expression"}
        }
      }
    },
    "mappings": {"type": "object", "additionalProperties": {"$ref": "#/$defs/map_tree"}}
  }
}
})json";
}

}  // namespace sluice::config
