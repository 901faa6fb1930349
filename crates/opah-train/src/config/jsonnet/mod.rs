//! Jsonnet: from a file and external variables to JSON.
//!
//! The language is rsjsonnet's; this module gives it files, external variables and words
//! for its errors. An external variable is a file of its own that imports the value: the
//! evaluator is lazy and evaluates each value once, so the import is asked for exactly when
//! the config reads the variable, and [`Evaluation::read_ext_vars`] is exact: variables
//! mentioned in code that never runs are not in it, computed names are.

mod message;
mod nesting;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::interner::InternedStr;
use rsjsonnet_lang::program::{
    Callbacks, EvalError, EvalErrorKind, EvalStackTraceItem, ImportError, LoadError, NativeError,
    Program, Thunk, Value,
};
use rsjsonnet_lang::span::{SourceId, SpanContext, SpanId, SpanManager};

use super::error::ConfigError;
use super::ext_vars::ExtVars;
use super::place::{Diagnostic, Frame, Location, Place};
use super::suggestion::nearest;

/// The stack of the evaluating thread; the parser and the analysis recurse, bounded by
/// [`nesting::check`].
const STACK: usize = 64 << 20;

/// A file that took part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// As it was given or imported.
    pub(super) file: PathBuf,
    pub(super) text: Vec<u8>,
}

/// What became of a file.
#[derive(Debug)]
pub(super) struct Evaluation {
    /// The JSON; its numbers are integers where they are integral.
    pub(super) value: serde_json::Value,
    /// The external variables that were read.
    pub(super) read_ext_vars: BTreeSet<String>,
    /// The file itself, then the imported ones in the order they were asked for.
    pub(super) sources: Vec<Source>,
    /// What `std.trace` said.
    pub(super) traces: Vec<String>,
}

/// Evaluates a file's text; imports are looked for beside `file`.
pub(super) fn evaluate(
    file: &Path,
    text: &[u8],
    ext_vars: &ExtVars,
) -> Result<Evaluation, ConfigError> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || evaluate_here(file, text, ext_vars))
            .map_err(|source| unreadable(file, source))?
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn evaluate_here(file: &Path, text: &[u8], ext_vars: &ExtVars) -> Result<Evaluation, ConfigError> {
    let arena = Arena::new();
    let mut program = Program::new(&arena);
    let mut session = Session {
        ext_vars,
        order: Vec::new(),
        sources: BTreeMap::new(),
        ext_var_sources: BTreeSet::new(),
        imported: BTreeMap::new(),
        import_failure: None,
        read: BTreeSet::new(),
        traces: Vec::new(),
    };
    session.add_ext_vars(&mut program);
    let root = session.load(&mut program, file.to_owned(), text.to_owned())?;
    let value = match program.eval_value(&root, &mut session) {
        Ok(value) if value.is_function() => return Err(top_level_function(file)),
        Ok(value) => value,
        Err(error) => return Err(session.failed(program.span_manager(), &error, file)),
    };
    let json = program
        .manifest_json(&value, false)
        .map_err(|error| session.failed(program.span_manager(), &error, file))?;
    let value = serde_json::from_str(&json).map_err(|_| {
        let message = "the result is nested deeper than 127 levels";
        message_about(file, message.to_owned())
    })?;
    Ok(Evaluation {
        value: with_integers(value),
        read_ext_vars: session.read,
        sources: session.order,
        traces: session.traces,
    })
}

/// As Jsonnet spells numbers: without fraction where they have none, so that `1.0` and `1`
/// are the same; minus zero is zero.
pub(super) fn with_integers(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Json::Number(number) => match number.as_f64() {
            Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 => {
                if float >= 0.0 && float < 2f64.powi(64) {
                    (float as u64).into()
                } else if float < 0.0 && float >= -(2f64.powi(63)) {
                    (float as i64).into()
                } else {
                    Json::Number(number)
                }
            }
            _ => Json::Number(number),
        },
        Json::Array(items) => items.into_iter().map(with_integers).collect(),
        Json::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, with_integers(value)))
            .collect(),
        other => other,
    }
}

/// One evaluation's files and variables, and what it did with them.
struct Session<'p, 'v> {
    ext_vars: &'v ExtVars,
    order: Vec<Source>,
    /// An index into `order` for each of the evaluator's sources.
    sources: BTreeMap<SourceId, usize>,
    ext_var_sources: BTreeSet<SourceId>,
    imported: BTreeMap<PathBuf, Thunk<'p>>,
    /// The evaluator's import errors carry nothing, so this does.
    import_failure: Option<ConfigError>,
    read: BTreeSet<String>,
    traces: Vec<String>,
}

impl<'p> Session<'p, '_> {
    fn add_ext_vars(&mut self, program: &mut Program<'p>) {
        for name in self.ext_vars.names() {
            let text = format!("import {}", serde_json::Value::from(name));
            let (context, source) = program.span_manager_mut().insert_source_context(text.len());
            self.ext_var_sources.insert(source);
            let thunk = program
                .load_source(context, text.as_bytes(), false, "")
                .expect("an import of a JSON string is valid Jsonnet");
            let name = program.intern_str(name);
            program.add_ext_var(name, &thunk);
        }
    }

    fn load(
        &mut self,
        program: &mut Program<'p>,
        file: PathBuf,
        text: Vec<u8>,
    ) -> Result<Thunk<'p>, ConfigError> {
        if let Some(message) = nesting::check(&text) {
            return Err(message_about(&file, message));
        }
        let (context, source) = program.span_manager_mut().insert_source_context(text.len());
        self.sources.insert(source, self.order.len());
        let loaded = program.load_source(context, &text, true, &file.to_string_lossy());
        self.order.push(Source { file, text });
        loaded.map_err(|error| self.not_loaded(program.span_manager(), &error))
    }

    /// A span of one of the config's files.
    fn place(&self, spans: &SpanManager, span: SpanId) -> Option<Place> {
        let (context, start, end) = spans.get_span(span);
        let SpanContext::Source(source) = spans.get_context(context);
        let source = &self.order[*self.sources.get(source)?];
        Some(Place::new(&source.file, &source.text, start, end))
    }

    fn not_loaded(&self, spans: &SpanManager, error: &LoadError) -> ConfigError {
        let (span, message) = message::of_load_error(error);
        let (context, ..) = spans.get_span(span);
        let SpanContext::Source(source) = spans.get_context(context);
        let file = self.sources.get(source).map(|at| &self.order[*at].file);
        let at = match (self.place(spans, span), file) {
            (Some(place), _) => Location::At(place),
            (None, Some(file)) => Location::In(file.clone()),
            (None, None) => Location::In(PathBuf::new()),
        };
        ConfigError::Jsonnet(Box::new(Diagnostic {
            message,
            at,
            trace: Vec::new(),
        }))
    }

    fn failed(&mut self, spans: &SpanManager, error: &EvalError, file: &Path) -> ConfigError {
        let trace = self.frames(spans, &error.stack_trace);
        if let Some(failure) = self.import_failure.take() {
            return imported_from(failure, trace);
        }
        let (span, mut message) = message::of_eval_error(&error.kind);
        if let EvalErrorKind::Other { .. } = error.kind {
            message = self.about_parsing(spans, error, message);
        }
        let place = span
            .and_then(|span| self.place(spans, span))
            .or_else(|| trace.iter().find_map(|frame| frame.place.clone()));
        let mut trace = trace;
        trace.retain(|frame| frame.place.is_none() || frame.place != place);
        let at = place.map_or_else(|| Location::In(file.to_owned()), Location::At);
        let diagnostic = Box::new(Diagnostic { message, at, trace });
        match &error.kind {
            EvalErrorKind::UnknownExtVar { name } => ConfigError::MissingExtVar {
                name: name.clone(),
                suggestion: nearest(name, self.ext_vars.names()).map(str::to_owned),
                diagnostic,
            },
            EvalErrorKind::ImportFailed { path, .. } => {
                let mut diagnostic = diagnostic;
                diagnostic.message = format!("cannot import `{path}`");
                ConfigError::Jsonnet(diagnostic)
            }
            _ => ConfigError::Jsonnet(diagnostic),
        }
    }

    /// What `std.parseInt` and `std.parseJson` take, and which external variable they were
    /// given, if the call names one.
    fn about_parsing(&self, spans: &SpanManager, error: &EvalError, message: String) -> String {
        let Some(EvalStackTraceItem::Call { span, name }) = error.stack_trace.last() else {
            return message;
        };
        let takes = match name.as_deref() {
            Some("parseInt") => "`std.parseInt` takes decimal digits, perhaps after a minus",
            Some("parseJson") => "`std.parseJson` takes JSON",
            _ => return message,
        };
        let call = span.and_then(|span| self.place(spans, span));
        let call = call.map_or_else(String::new, |place| {
            place
                .source_line
                .chars()
                .skip(place.column - 1)
                .take(place.width)
                .collect()
        });
        let named = self.read.iter().find(|name| {
            ['\'', '"']
                .iter()
                .any(|quote| call.contains(&format!("extVar({quote}{name}{quote})")))
        });
        let Some((name, value)) = named.and_then(|name| Some((name, self.ext_vars.get(name)?)))
        else {
            return format!("{takes}: {message}");
        };
        let hint = match value {
            "True" => "; JSON spells it `true`",
            "False" => "; JSON spells it `false`",
            "None" => "; JSON spells it `null`",
            _ => "",
        };
        format!("{takes}, and the external variable `{name}` is `{value}`{hint}")
    }

    /// The innermost step first; steps inside the standard library and those without a
    /// place are left out, but for the fields of the result.
    fn frames(&self, spans: &SpanManager, trace: &[EvalStackTraceItem]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for item in trace.iter().rev() {
            let (span, what) = message::of_trace_item(item);
            let place = span.and_then(|span| self.place(spans, span));
            if place.is_some() || span.is_none() {
                frames.push(Frame { what, place });
            }
        }
        frames
    }

    /// The bytes of an imported file, looked for beside the importing one.
    fn find(
        &mut self,
        program: &Program<'p>,
        from: SpanId,
        path: &str,
    ) -> Option<(PathBuf, Vec<u8>)> {
        let spans = program.span_manager();
        let beside = self.place(spans, from)?;
        let file = match beside.file.parent() {
            Some(folder) => folder.join(path),
            None => PathBuf::from(path),
        };
        match fs::read(&file) {
            Ok(text) => Some((file, text)),
            Err(error) => {
                self.import_failure = Some(ConfigError::Jsonnet(Box::new(Diagnostic {
                    message: format!("cannot import `{path}`: {error}"),
                    at: Location::At(beside),
                    trace: Vec::new(),
                })));
                None
            }
        }
    }
}

impl<'p> Callbacks<'p> for Session<'p, '_> {
    fn import(
        &mut self,
        program: &mut Program<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<Thunk<'p>, ImportError> {
        let (context, ..) = program.span_manager().get_span(from);
        let SpanContext::Source(source) = program.span_manager().get_context(context);
        if self.ext_var_sources.contains(source) {
            let value = self.ext_vars.get(path).ok_or(ImportError)?;
            self.read.insert(path.to_owned());
            return Ok(program.value_to_thunk(&Value::string(value)));
        }
        let (file, text) = self.find(program, from, path).ok_or(ImportError)?;
        if let Some(thunk) = self.imported.get(&file) {
            return Ok(thunk.clone());
        }
        match self.load(program, file.clone(), text) {
            Ok(thunk) => {
                self.imported.insert(file, thunk.clone());
                Ok(thunk)
            }
            Err(failure) => {
                self.import_failure = Some(failure);
                Err(ImportError)
            }
        }
    }

    fn import_str(
        &mut self,
        program: &mut Program<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<String, ImportError> {
        let (_, text) = self.find(program, from, path).ok_or(ImportError)?;
        String::from_utf8(text).map_err(|_| {
            let at = self.place(program.span_manager(), from);
            let at = at.map_or_else(|| Location::In(PathBuf::new()), Location::At);
            self.import_failure = Some(ConfigError::Jsonnet(Box::new(Diagnostic {
                message: format!("cannot import `{path}` as a string: it is not valid UTF-8"),
                at,
                trace: Vec::new(),
            })));
            ImportError
        })
    }

    fn import_bin(
        &mut self,
        program: &mut Program<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<Vec<u8>, ImportError> {
        let (_, bytes) = self.find(program, from, path).ok_or(ImportError)?;
        Ok(bytes)
    }

    fn trace(&mut self, program: &mut Program<'p>, message: &str, stack: &[EvalStackTraceItem]) {
        let frames = self.frames(program.span_manager(), stack);
        let place = frames.iter().find_map(|frame| frame.place.as_ref());
        self.traces.push(match place {
            Some(place) => format!("{place}: {message}"),
            None => message.to_owned(),
        });
    }

    fn native_call(
        &mut self,
        _program: &mut Program<'p>,
        _name: InternedStr<'p>,
        _args: &[Value<'p>],
    ) -> Result<Value<'p>, NativeError> {
        Err(NativeError)
    }
}

fn unreadable(file: &Path, source: io::Error) -> ConfigError {
    ConfigError::Unreadable {
        file: file.to_owned(),
        source,
    }
}

fn top_level_function(file: &Path) -> ConfigError {
    let message = "the file is a function, and there is nothing to call it with; \
        read values with `std.extVar` instead";
    message_about(file, message.to_owned())
}

fn message_about(file: &Path, message: String) -> ConfigError {
    ConfigError::Jsonnet(Box::new(Diagnostic {
        message,
        at: Location::In(file.to_owned()),
        trace: Vec::new(),
    }))
}

/// An imported file's error, with the steps that led to the import.
fn imported_from(failure: ConfigError, trace: Vec<Frame>) -> ConfigError {
    match failure {
        ConfigError::Jsonnet(mut diagnostic) => {
            diagnostic.trace.extend(trace);
            ConfigError::Jsonnet(diagnostic)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
