//! Words for what the evaluator refuses.

use rsjsonnet_lang::lexer::LexError;
use rsjsonnet_lang::parser::{ActualToken, ExpectedToken, ParseError};
use rsjsonnet_lang::program::{
    AnalyzeError, EvalErrorKind, EvalErrorValueType, EvalStackTraceItem, LoadError,
};
use rsjsonnet_lang::span::SpanId;
use rsjsonnet_lang::token::STokenKind;

use super::spelling::{binary, spelling, unary};

/// Where a file can't be loaded, and why.
pub(super) fn of_load_error(error: &LoadError) -> (SpanId, String) {
    match error {
        LoadError::Lex(error) => of_lex_error(error),
        LoadError::Parse(ParseError::Expected {
            span,
            expected,
            instead,
        }) => {
            // After a whole value the ways to continue it are many and rarely meant.
            let after_value = expected.contains(&ExpectedToken::BinaryOp);
            let expected: Vec<String> = expected
                .iter()
                .filter(|token| !(after_value && continues_value(**token)))
                .map(|token| expected_token(*token))
                .collect();
            let message = format!(
                "syntax error: expected {}, found {}",
                either(&expected),
                actual_token(instead)
            );
            (*span, message)
        }
        LoadError::Analyze(error) => of_analyze_error(error),
    }
}

fn of_lex_error(error: &LexError) -> (SpanId, String) {
    let (span, what) = match error {
        LexError::InvalidChar { span, chr } => {
            (span, format!("the character `{chr}` means nothing here"))
        }
        LexError::InvalidUtf8 { span, .. } => (span, "the text is not valid UTF-8".to_owned()),
        LexError::UnfinishedMultilineComment { span } => {
            (span, "this comment has no end `*/`".to_owned())
        }
        LexError::LeadingZeroInNumber { span } => {
            (span, "a number can't begin with a zero".to_owned())
        }
        LexError::MissingFracDigits { span } => {
            (span, "digits are missing after the point".to_owned())
        }
        LexError::MissingExpDigits { span } => {
            (span, "digits are missing after the `e`".to_owned())
        }
        LexError::MissingDigitAfterUnderscore { span } => {
            (span, "a digit is missing after the `_`".to_owned())
        }
        LexError::ExpOverflow { span } => (span, "the exponent is too large".to_owned()),
        LexError::InvalidEscapeInString { span, chr } => {
            (span, format!("a string has no escape `\\{chr}`"))
        }
        LexError::IncompleteUnicodeEscape { span } => {
            (span, "`\\u` needs four hexadecimal digits".to_owned())
        }
        LexError::InvalidUtf16EscapeSequence { span, .. } => {
            (span, "this escape is no character".to_owned())
        }
        LexError::UnfinishedString { span } => (span, "this string has no end".to_owned()),
        LexError::MissingLineBreakAfterTextBlockStart { span } => {
            (span, "`|||` must be followed by a line break".to_owned())
        }
        LexError::MissingWhitespaceTextBlockStart { span } => (
            span,
            "the first line of a `|||` block must be indented".to_owned(),
        ),
        LexError::InvalidTextBlockTermination { span } => {
            (span, "this `|||` block must end with `|||`".to_owned())
        }
    };
    (*span, format!("syntax error: {what}"))
}

fn of_analyze_error(error: &AnalyzeError) -> (SpanId, String) {
    match error {
        AnalyzeError::UnknownVariable { span, name } => {
            (*span, format!("unknown variable `{name}`"))
        }
        AnalyzeError::SelfOutsideObject { self_span } => {
            (*self_span, "`self` outside of an object".to_owned())
        }
        AnalyzeError::SuperOutsideObject { super_span } => {
            (*super_span, "`super` outside of an object".to_owned())
        }
        AnalyzeError::DollarOutsideObject { dollar_span } => {
            (*dollar_span, "`$` outside of an object".to_owned())
        }
        AnalyzeError::RepeatedLocalName {
            repeated_span,
            name,
            ..
        } => (
            *repeated_span,
            format!("the variable `{name}` is defined twice"),
        ),
        AnalyzeError::RepeatedFieldName {
            repeated_span,
            name,
            ..
        } => (*repeated_span, format!("the key `{name}` is given twice")),
        AnalyzeError::RepeatedParamName {
            repeated_span,
            name,
            ..
        } => (
            *repeated_span,
            format!("the parameter `{name}` is named twice"),
        ),
        AnalyzeError::PositionalArgAfterNamed { arg_span } => (
            *arg_span,
            "an argument without name after one with a name".to_owned(),
        ),
        AnalyzeError::TextBlockAsImportPath { span }
        | AnalyzeError::ComputedImportPath { span } => {
            (*span, "an import needs a plain string".to_owned())
        }
    }
}

/// Where the evaluation failed, if it is known, and why.
pub(super) fn of_eval_error(kind: &EvalErrorKind) -> (Option<SpanId>, String) {
    use EvalErrorKind as Kind;
    match kind {
        Kind::StackOverflow => (None, "the evaluation goes too deep".to_owned()),
        Kind::InfiniteRecursion => (None, "this value depends on itself".to_owned()),
        Kind::InvalidIndexedType { span, got_type } => {
            (Some(*span), format!("{} has no parts", a(*got_type)))
        }
        Kind::InvalidSlicedType { span, got_type } => {
            (Some(*span), format!("{} can't be sliced", a(*got_type)))
        }
        Kind::SliceIndexOrStepIsNotNumber { span, got_type }
        | Kind::StringIndexIsNotNumber { span, got_type }
        | Kind::ArrayIndexIsNotNumber { span, got_type } => (
            Some(*span),
            format!("an index must be a number, not {}", a(*got_type)),
        ),
        Kind::NumericIndexIsNotValid { span, index } => {
            (Some(*span), format!("{index} is no index"))
        }
        Kind::NumericIndexOutOfRange {
            span,
            index,
            length,
        } => (
            Some(*span),
            format!("there is no element {index} of {length}"),
        ),
        Kind::ObjectIndexIsNotString { span, got_type }
        | Kind::FieldNameIsNotString { span, got_type } => (
            Some(*span),
            format!("a key must be a string, not {}", a(*got_type)),
        ),
        Kind::RepeatedFieldName { span, name } => {
            (Some(*span), format!("the key `{name}` is given twice"))
        }
        Kind::UnknownObjectField { span, field_name } => {
            (Some(*span), format!("the object has no key `{field_name}`"))
        }
        Kind::FieldOfNonObject { span } => (Some(*span), "this is no object".to_owned()),
        Kind::SuperWithoutSuperObject { span } => {
            (Some(*span), "there is no `super` object here".to_owned())
        }
        Kind::ForSpecValueIsNotArray { span, got_type } => (
            Some(*span),
            format!("`for` needs a list, not {}", a(*got_type)),
        ),
        Kind::CondIsNotBool { span, got_type } => (
            Some(*span),
            format!("a condition must be true or false, not {}", a(*got_type)),
        ),
        Kind::CalleeIsNotFunction { span, got_type } => {
            (*span, format!("{} can't be called", a(*got_type)))
        }
        Kind::TooManyCallArgs { span, num_params } => (
            *span,
            format!("too many arguments; the function takes {num_params}"),
        ),
        Kind::UnknownCallParam { span, param_name } => (
            *span,
            format!("the function has no parameter `{param_name}`"),
        ),
        Kind::RepeatedCallParam { span, param_name } => (
            *span,
            format!("the parameter `{param_name}` is given twice"),
        ),
        Kind::CallParamNotBound { span, param_name } => {
            (*span, format!("the parameter `{param_name}` is not given"))
        }
        Kind::NativeCallFailed => (None, "there are no native functions".to_owned()),
        Kind::InvalidUnaryOpType { span, op, rhs_type } => (
            Some(*span),
            format!("`{}` of {} has no meaning", unary(*op), a(*rhs_type)),
        ),
        Kind::InvalidBinaryOpTypes {
            span,
            op,
            lhs_type,
            rhs_type,
        } => (
            *span,
            format!(
                "`{}` of {} and {} has no meaning",
                binary(*op),
                a(*lhs_type),
                a(*rhs_type)
            ),
        ),
        Kind::NumberNotBitwiseSafe { span } => (
            *span,
            "the number is too large for bits to be counted".to_owned(),
        ),
        Kind::NumberOverflow { span } => (*span, "the number is too large".to_owned()),
        Kind::NumberNan { span } => (*span, "the result is no number".to_owned()),
        Kind::DivByZero { span } => (*span, "division by zero".to_owned()),
        Kind::ShiftByNegative { span } => (*span, "shift by a negative number".to_owned()),
        Kind::InvalidStdFuncArgType {
            func_name,
            arg_index,
            expected_types,
            got_type,
        } => {
            let expected: Vec<String> = expected_types
                .iter()
                .map(|one| a(*one).to_owned())
                .collect();
            let message = format!(
                "argument {} of `std.{func_name}` must be {}, not {}",
                arg_index + 1,
                either(&expected),
                a(*got_type)
            );
            (None, message)
        }
        Kind::AssertFailed { span, message } => {
            let text = message.as_deref().unwrap_or("this does not hold");
            (Some(*span), format!("assertion failed: {text}"))
        }
        Kind::AssertEqualFailed { lhs, rhs } => {
            (None, format!("assertion failed: {lhs} is not {rhs}"))
        }
        Kind::ExplicitError { span, message } => (Some(*span), format!("the file says: {message}")),
        Kind::ImportFailed { span, path } => (Some(*span), format!("cannot import `{path}`")),
        Kind::UnknownExtVar { name } => (None, format!("external variable `{name}` is not given")),
        Kind::ManifestFunction => (None, "a function is no value of a config".to_owned()),
        Kind::CompareNullInequality => (None, "null can't be ordered".to_owned()),
        Kind::CompareBooleanInequality => (None, "true and false can't be ordered".to_owned()),
        Kind::CompareObjectInequality => (None, "objects can't be ordered".to_owned()),
        Kind::CompareFunctions => (None, "functions can't be compared".to_owned()),
        Kind::CompareDifferentTypesInequality { lhs_type, rhs_type } => (
            None,
            format!("{} and {} can't be ordered", a(*lhs_type), a(*rhs_type)),
        ),
        Kind::PrimitiveEqualsNonPrimitive { got_type } => (
            None,
            format!("`std.primitiveEquals` can't compare {}", a(*got_type)),
        ),
        Kind::Other { span, message } => (*span, message.clone()),
    }
}

/// Where a step of the evaluation stands, and what it was.
pub(super) fn of_trace_item(item: &EvalStackTraceItem) -> (Option<SpanId>, String) {
    use EvalStackTraceItem as Item;
    match item {
        Item::Expr { span } => (Some(*span), "while evaluating this".to_owned()),
        Item::Call { span, name } => {
            let what = match name {
                Some(name) => format!("while calling `{name}`"),
                None => "while calling a function".to_owned(),
            };
            (*span, what)
        }
        Item::Variable { span, name } => (Some(*span), format!("while evaluating `{name}`")),
        Item::ArrayItem { span, index } => (*span, format!("while evaluating element {index}")),
        Item::ObjectField { span, name } => (*span, format!("while evaluating the key `{name}`")),
        Item::CompareArrayItem { index } => (None, format!("while comparing elements {index}")),
        Item::CompareObjectField { name } => (None, format!("while comparing the keys `{name}`")),
        Item::ManifestArrayItem { index } => (None, format!("while writing element {index}")),
        Item::ManifestObjectField { name } => (None, format!("while writing the key `{name}`")),
        Item::Import { span } => (Some(*span), "while importing".to_owned()),
    }
}

fn a(kind: EvalErrorValueType) -> &'static str {
    match kind {
        EvalErrorValueType::Null => "null",
        EvalErrorValueType::Bool => "a boolean",
        EvalErrorValueType::Number => "a number",
        EvalErrorValueType::String => "a string",
        EvalErrorValueType::Array => "a list",
        EvalErrorValueType::Object => "an object",
        EvalErrorValueType::Function => "a function",
    }
}

fn either(words: &[String]) -> String {
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

fn continues_value(token: ExpectedToken) -> bool {
    use STokenKind as Kind;
    matches!(
        token,
        ExpectedToken::BinaryOp
            | ExpectedToken::Simple(
                Kind::LeftParen | Kind::Dot | Kind::LeftBracket | Kind::LeftBrace
            )
    )
}

fn expected_token(token: ExpectedToken) -> String {
    match token {
        ExpectedToken::EndOfFile => "the end of the file".to_owned(),
        ExpectedToken::Simple(kind) => format!("`{}`", spelling(kind)),
        ExpectedToken::Ident => "a name".to_owned(),
        ExpectedToken::Number => "a number".to_owned(),
        ExpectedToken::String => "a string".to_owned(),
        ExpectedToken::TextBlock => "a `|||` block".to_owned(),
        ExpectedToken::Expr => "a value".to_owned(),
        ExpectedToken::BinaryOp => "an operator".to_owned(),
    }
}

fn actual_token(token: &ActualToken) -> String {
    match token {
        ActualToken::EndOfFile => "the end of the file".to_owned(),
        ActualToken::Simple(kind) => format!("`{}`", spelling(*kind)),
        ActualToken::OtherOp(text) | ActualToken::Ident(text) => format!("`{text}`"),
        ActualToken::Number => "a number".to_owned(),
        ActualToken::String => "a string".to_owned(),
        ActualToken::TextBlock => "a `|||` block".to_owned(),
    }
}
