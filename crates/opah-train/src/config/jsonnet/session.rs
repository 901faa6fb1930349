//! One evaluation: its files, its external variables, its errors with their places.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rsjsonnet_lang::interner::InternedStr;
use rsjsonnet_lang::program::{
    Callbacks, EvalError, EvalErrorKind, EvalStackTraceItem, ImportError, LoadError, NativeError,
    Program, Thunk, Value,
};
use rsjsonnet_lang::span::{SourceId, SpanContext, SpanId, SpanManager};

use super::{Source, message, message_about, nesting};
use crate::config::error::ConfigError;
use crate::config::ext_vars::ExtVars;
use crate::config::place::{Diagnostic, Frame, Location, Place};
use crate::config::suggestion::nearest;

/// One evaluation's files and variables, and what it did with them.
pub(super) struct Session<'p, 'v> {
    ext_vars: &'v ExtVars,
    pub(super) order: Vec<Source>,
    /// An index into `order` for each of the evaluator's sources.
    sources: BTreeMap<SourceId, usize>,
    ext_var_sources: BTreeSet<SourceId>,
    imported: BTreeMap<PathBuf, Thunk<'p>>,
    /// The evaluator's import errors carry nothing, so this does.
    import_failure: Option<ConfigError>,
    pub(super) read: BTreeSet<String>,
    pub(super) traces: Vec<String>,
}

impl<'p, 'v> Session<'p, 'v> {
    pub(super) fn new(program: &mut Program<'p>, ext_vars: &'v ExtVars) -> Session<'p, 'v> {
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
        session.add_ext_vars(program);
        session
    }

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

    /// A file's value, not yet evaluated.
    pub(super) fn load(
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

    /// The error of an evaluation, in words.
    pub(super) fn failed(
        &mut self,
        spans: &SpanManager,
        error: &EvalError,
        file: &Path,
    ) -> ConfigError {
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
        let (takes, is_json) = match name.as_deref() {
            Some("parseInt") => (
                "`std.parseInt` takes decimal digits, perhaps after a minus",
                false,
            ),
            Some("parseJson") => ("`std.parseJson` takes JSON", true),
            _ => return message,
        };
        let call = span.and_then(|span| self.place(spans, span));
        let call = call.map_or_else(String::new, |place| {
            let line = place.source_line.chars();
            line.skip(place.column - 1).take(place.width).collect()
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
            "True" if is_json => "; JSON spells it `true`",
            "False" if is_json => "; JSON spells it `false`",
            "None" if is_json => "; JSON spells it `null`",
            _ if !is_json && value.trim().parse::<f64>().is_ok() => "; `std.parseJson` takes it",
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
