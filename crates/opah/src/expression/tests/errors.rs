//! What is wrong is told with its place and with what would be right.

use super::*;

const NO_CONDITION: &str = "not a condition; compare it with something, as in `lr <= 0.5`";

#[test]
fn what_is_no_expression_is_told_with_its_place() {
    let value = "a value (a number, a text in quotes, a parameter, a function or `(`) is expected";
    let end = "stands where the end or an operator, such as `and`, is expected";
    let functions = "abs, min, max, log, log2, log10, exp, sqrt, floor, ceil, round";
    let escape =
        r#"this is no escape; the escapes are \\, \", \', \n, \r, \t and \u with four digits"#;
    for (text, column, expected) in [
        ("", 1, format!("the expression ends where {value}")),
        ("lr <", 5, format!("the expression ends where {value}")),
        ("lr < )", 6, format!("`)` stands where {value}")),
        ("+lr < 1", 1, format!("`+` stands where {value}")),
        ("lr 5", 4, format!("`5` {end}")),
        ("lr < 5)", 7, format!("`)` {end}")),
        ("0 < x in [1]", 7, format!("`in` {end}")),
        (
            "(lr < 5",
            8,
            "the expression ends where `)` or an operator, such as `and`, is expected".to_owned(),
        ),
        ("lr = 5", 4, "`=` is no operator; write `==`".to_owned()),
        ("é => 5", 3, "`=>` is no operator; write `>=`".to_owned()),
        ("7 // 2 > 1", 3, "`//` is no operator; write `floor(a / b)`".to_owned()),
        (
            "2layers > 1",
            1,
            "`2layers` is no number; a parameter's name that begins with a digit stands in backquotes"
                .to_owned(),
        ),
        ("x < 1e999", 5, "`1e999` is too large for a number".to_owned()),
        ("x == 'a", 6, "the text that begins here ends with no '".to_owned()),
        ("`x == 1", 1, "the name that begins here ends with no backquote".to_owned()),
        (r"x == '\q'", 7, escape.to_owned()),
        (r"x == '\ud800'", 7, escape.to_owned()),
        (
            "lgo(x) < 1",
            1,
            format!("no function is named `lgo`, did you mean `log`?; the functions are {functions}"),
        ),
        ("log(x, 2) < 1", 1, "`log` takes one number, and has 2".to_owned()),
        ("max(x) < 1", 1, "`max` takes at least two numbers, and has 1".to_owned()),
        ("max(x y) < 1", 7, "`y` stands where `,` or `)` is expected".to_owned()),
        ("x in 3", 6, "`3` stands where a list such as `[1, 2]` is expected".to_owned()),
        ("x not 3", 7, "`3` stands where `in` is expected".to_owned()),
        (
            "x # 1",
            3,
            "`#` means nothing here; a parameter's name that has it stands in backquotes".to_owned(),
        ),
        (
            "1 + not x",
            5,
            "`not` binds less than what stands before it; put it in parentheses with what it negates"
                .to_owned(),
        ),
    ] {
        assert_eq!(problem(Expression::parse(text)), (column, expected), "{text}");
    }
}

#[test]
fn operands_of_the_wrong_kind_are_told_with_their_place() {
    for (text, column, expected) in [
        ("opt < 1", 1, "`opt` is a text; `<` takes numbers"),
        ("0 < lr < opt", 10, "`opt` is a text; `<` takes numbers"),
        (
            "lr + bias < 1",
            6,
            "`bias` is a truth value; `+` takes numbers",
        ),
        ("-opt < 1", 2, "`opt` is a text; `-` takes numbers"),
        (
            "sqrt(decay) < 1",
            6,
            "`decay` is null; `sqrt` takes numbers",
        ),
        (
            "unknown + 'a' < 1",
            11,
            "`'a'` is a text; `+` takes numbers",
        ),
        (
            "true and lr",
            10,
            "`lr` is a number; `and` takes conditions",
        ),
        (
            "not (lr * 2)",
            5,
            "`(lr * 2)` is a number; `not` takes conditions",
        ),
    ] {
        assert_eq!(
            problem(holds(text)),
            (column, expected.to_owned()),
            "{text}"
        );
    }
    let expected = format!("the expression is a number, {NO_CONDITION}");
    assert_eq!(problem(holds("lr * 2")), (1, expected));
    // As in Python, what comes after the decision is not looked at.
    assert_eq!(holds("false and lr"), Ok(Some(false)));
}

#[test]
fn what_makes_no_sense_in_a_space_is_refused() {
    let space = space();
    let check = |text: &str| Expression::parse(text).unwrap().check(&space);
    for text in [
        "lr * batch <= 0.5",
        "opt != 'sgd' or momentum <= 0.9",
        "bias or layers > 1",
        "bias == (layers > 2)",
        "mixed == 'none' or mixed < 2",
        "decay == null or decay < 0.05",
        "1 < 2",
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
    for (text, column, expected) in [
        (
            "lrr < 1",
            1,
            "no parameter is named `lrr`, did you mean `lr`?; the parameters are batch, bias, decay, layers, lr, mixed, momentum, opt",
        ),
        ("lr < 'sgd'", 6, "`'sgd'` is a text; `<` takes numbers"),
        (
            "lr == 'sgd'",
            1,
            "`lr` is a number, compared with `'sgd'`, a text; they are never equal",
        ),
        (
            "opt == 'sdg'",
            8,
            "`opt` is never `'sdg'`, did you mean `sgd`?; its choices are adam, sgd",
        ),
        (
            "opt in ['adam', 'rms']",
            17,
            "`opt` is never `'rms'`; its choices are adam, sgd",
        ),
        ("1 < opt + 1", 5, "`opt` is a text; `+` takes numbers"),
        (
            "mixed and bias",
            1,
            "`mixed` is a number or a text; `and` takes conditions",
        ),
    ] {
        assert_eq!(
            problem(check(text)),
            (column, expected.to_owned()),
            "{text}"
        );
    }
    let expected = format!("the expression is a text, {NO_CONDITION}");
    assert_eq!(problem(check("opt")), (1, expected));
    let nowhere = Expression::parse("x > 1")
        .unwrap()
        .check(&SearchSpace::empty());
    let expected = "no parameter is named `x`; there are no parameters";
    assert_eq!(problem(nowhere), (1, expected.to_owned()));
}
