//! Prints the lines of a workspace that break the rules of its layout: `ranklab-structure [FOLDER]`.

use std::{env, path::PathBuf, process::ExitCode};

use ranklab_structure::{
    CLASS_NAME_FILES, Error, Violation, Workspace, circles, class_names, effects, features, layers,
};

fn main() -> ExitCode {
    let folder = env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    match check(&folder) {
        Ok(violations) => {
            violations.iter().for_each(|violation| println!("{violation}"));
            if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check(folder: &std::path::Path) -> Result<Vec<Violation>, Error> {
    let workspace = Workspace::read(folder)?;
    let names = class_names(&workspace, &CLASS_NAME_FILES);
    let rules = [circles, layers, effects, features];
    Ok(rules.iter().flat_map(|rule| rule(&workspace)).chain(names).collect())
}
