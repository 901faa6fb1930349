//! What can be chosen by name, as tables: all entries of a list, or the options of one.

use anyhow::Result;
use clap::Args as Group;
use opah::json::Json;
use opah::registry::{self, Entry};
use serde_json::Value;

use crate::args::{Format, FormatName};
use crate::output::{self, Rows, yaml};

/// What is shown of a list.
#[derive(Debug, Group)]
pub(crate) struct Shown {
    /// Show the options of this one; as JSON or YAML, their schema
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    format: Format,
}

/// Prints the list, or the options of the entry that is named.
pub(crate) fn print<T: ?Sized + 'static>(
    kind: &'static str,
    entries: &[Entry<T>],
    shown: &Shown,
) -> Result<()> {
    let format = shown.format.format;
    let Some(name) = &shown.name else {
        return list(entries).print(format);
    };
    let entry = registry::find(kind, entries, name)?;
    let schema = (entry.schema)().to_value();
    match format {
        FormatName::Json => output::print(&(serde_json::to_string_pretty(&schema)? + "\n")),
        FormatName::Yaml => output::print(&yaml::document(&schema)),
        FormatName::Table | FormatName::Csv => {
            let options = options(&schema, &[(entry.defaults)(), (entry.defaults)()]);
            if options.rows.is_empty() && format == FormatName::Table {
                return output::print(&format!("the {kind} `{}` has no options\n", entry.name));
            }
            options.print(format)
        }
    }
}

fn list<T: ?Sized + 'static>(entries: &[Entry<T>]) -> Rows {
    let row = |entry: &Entry<T>| -> Vec<Value> {
        vec![entry.name.into(), entry.class.into(), entry.summary.into()]
    };
    Rows {
        headings: ["name", "also", "summary"].map(str::to_owned).to_vec(),
        rows: entries.iter().map(row).collect(),
    }
}

/// A row per option, in the order of the schema. A default that is another one each time it
/// is asked for is a seed.
fn options(schema: &Value, defaults: &[Value; 2]) -> Rows {
    let properties = schema["properties"].as_object();
    let row = |(name, property): (&String, &Value)| -> Vec<Value> {
        let [default, again] = defaults.each_ref().map(|defaults| &defaults[name.as_str()]);
        let default = if default == again {
            Json::new(default).as_str().to_owned()
        } else {
            "fresh".to_owned()
        };
        let about = property["description"].as_str().unwrap_or_default();
        let about: Vec<&str> = about.split_whitespace().collect();
        vec![
            name.as_str().into(),
            kind_of(property, schema, 0).into(),
            default.into(),
            about.join(" ").into(),
        ]
    };
    Rows {
        headings: ["option", "type", "default", "about"]
            .map(str::to_owned)
            .to_vec(),
        rows: properties.into_iter().flatten().map(row).collect(),
    }
}

/// Types within types are shown to this depth, as some hold themselves.
const MOST_LEVELS: usize = 4;

/// The type that a schema within `root` stands for, in a few words.
fn kind_of(schema: &Value, root: &Value, level: usize) -> String {
    let any = || "any".to_owned();
    let Some(fields) = schema.as_object().filter(|_| level < MOST_LEVELS) else {
        return any();
    };
    let one_of = |kinds: &[String]| {
        let mut told: Vec<String> = Vec::new();
        for kind in kinds.iter().flat_map(|kind| kind.split(" | ")) {
            if !told.iter().any(|known| known == kind) {
                told.push(kind.to_owned());
            }
        }
        told.join(" | ")
    };
    let each = |schemas: &[Value]| {
        let kinds = schemas
            .iter()
            .map(|schema| kind_of(schema, root, level + 1));
        one_of(&kinds.collect::<Vec<_>>())
    };
    if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
        let found = root.pointer(reference.trim_start_matches('#'));
        return found.map_or_else(any, |schema| kind_of(schema, root, level + 1));
    }
    if let Some(value) = fields.get("const") {
        return value.to_string();
    }
    if let Some(values) = fields.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        return one_of(&values);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(schemas) = fields.get(key).and_then(Value::as_array) {
            return each(schemas);
        }
    }
    match fields.get("type") {
        Some(Value::Array(types)) => {
            let names = types.iter().filter_map(Value::as_str).map(str::to_owned);
            one_of(&names.collect::<Vec<_>>())
        }
        Some(Value::String(name)) if name == "array" => {
            let items = fields.get("items");
            let items = items.map_or_else(any, |items| kind_of(items, root, level + 1));
            format!("array of {items}")
        }
        Some(Value::String(name)) => name.clone(),
        _ => any(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{kind_of, options};

    #[test]
    fn schemas_are_told_in_a_few_words() {
        let root = json!({"$defs": {
            "Choice": {"oneOf": [{"const": "a"}, {"const": "b"}, {"type": "null"}]},
            "Loop": {"type": "array", "items": {"$ref": "#/$defs/Loop"}},
        }});
        for (schema, told) in [
            (json!({"type": "integer", "minimum": 0}), "integer"),
            (json!({"type": ["boolean", "null"]}), "boolean | null"),
            (json!({"$ref": "#/$defs/Choice"}), "\"a\" | \"b\" | null"),
            (
                json!({"anyOf": [{"$ref": "#/$defs/Choice"}, {"type": "null"}]}),
                "\"a\" | \"b\" | null",
            ),
            (json!({"enum": ["x", 1]}), "\"x\" | 1"),
            (
                json!({"type": "array", "items": {"type": "number"}}),
                "array of number",
            ),
            (json!({"$ref": "#/$defs/Loop"}), "array of array of any"),
            (json!(true), "any"),
        ] {
            assert_eq!(kind_of(&schema, &root, 0), told);
        }
    }

    #[test]
    fn options_stand_in_the_order_of_the_struct_with_their_defaults() {
        let schema = json!({"properties": {
            "seed": {"type": "integer", "description": "The\nseed."},
            "base": {"type": "string"},
        }});
        let defaults = [1, 2].map(|seed| json!({"base": "tpe", "seed": seed}));
        let options = options(&schema, &defaults);
        assert_eq!(
            json!(options.rows),
            json!([
                ["seed", "integer", "fresh", "The seed."],
                ["base", "string", "\"tpe\"", ""],
            ])
        );
    }
}
