//! Whether a program can be started, before the first trial needs it.

use std::fs;
use std::path::Path;

/// Refuses a program that is not there or can't be executed, with what could be done.
pub(super) fn check(program: &str) -> Result<(), String> {
    if program.contains(std::path::MAIN_SEPARATOR) {
        return check_file(Path::new(program));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&folders).any(|folder| is_executable(&folder.join(program))) {
        return Ok(());
    }
    let hint = if Path::new(program).is_file() {
        format!("; for the file in this folder, write `./{program}`")
    } else {
        String::new()
    };
    Err(format!("no folder of PATH has such a program{hint}"))
}

fn check_file(file: &Path) -> Result<(), String> {
    if is_executable(file) {
        Ok(())
    } else if file.is_file() {
        let shown = file.display();
        Err(format!(
            "the file is not executable; `chmod +x {shown}`, or name its interpreter first, as in \
             `sh {shown}`"
        ))
    } else if file.is_dir() {
        Err("that is a folder".to_owned())
    } else {
        Err("there is no such file".to_owned())
    }
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Elsewhere, the ending of a name may be left out.
#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.is_file())
        || fs::metadata(file.with_extension("exe")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_started_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("train.sh");
        let told = |path: &Path| check(&path.display().to_string()).unwrap_err();
        assert_eq!(told(&file), "there is no such file");
        fs::write(&file, "echo 1").unwrap();
        #[cfg(unix)]
        assert!(told(&file).starts_with("the file is not executable; `chmod +x "));
        assert_eq!(told(folder.path()), "that is a folder");
        let nowhere = check("no-such-program-of-opah").unwrap_err();
        assert_eq!(nowhere, "no folder of PATH has such a program");
        #[cfg(unix)]
        check("sh").unwrap();
    }
}
