//! The packages of the workspace and their dependencies, from `cargo metadata`.

use std::path::PathBuf;

use anyhow::Context;
use cargo_metadata::{DependencyKind, MetadataCommand};

/// One package of the workspace.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name in `Cargo.toml`.
    pub name: String,
    /// Whether it is a program of its own: a folder at the top level.
    pub is_program: bool,
    /// Every dependency it declares, for all targets and features.
    pub dependencies: Vec<Dependency>,
    /// The root source file of its library, if it has one.
    pub library: Option<PathBuf>,
    /// The root source files of its binaries.
    pub binaries: Vec<PathBuf>,
}

/// One declared dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The name of the package, not the name that it is renamed to.
    pub name: String,
    /// Its purpose.
    pub purpose: Purpose,
}

/// The purpose of a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To build or run: normal and build dependencies.
    Product,
    /// To test: dev-dependencies.
    Test,
}

/// Reads the workspace that the current folder is in.
///
/// # Errors
/// When cargo cannot read the manifests.
pub fn read() -> anyhow::Result<Vec<Package>> {
    let metadata = MetadataCommand::new()
        .no_deps()
        .exec()
        .context("cannot read the workspace's manifests")?;
    let libraries = ["crates", "tools"].map(|folder| metadata.workspace_root.join(folder));
    Ok(metadata
        .packages
        .iter()
        .map(|package| reduce(package, &libraries))
        .collect())
}

fn reduce(
    package: &cargo_metadata::Package,
    libraries: &[cargo_metadata::camino::Utf8PathBuf],
) -> Package {
    Package {
        name: package.name.to_string(),
        is_program: !libraries
            .iter()
            .any(|folder| package.manifest_path.starts_with(folder)),
        dependencies: package
            .dependencies
            .iter()
            .map(|dependency| Dependency {
                name: dependency.name.clone(),
                purpose: purpose(dependency.kind),
            })
            .collect(),
        library: package
            .targets
            .iter()
            .find(|target| target.is_lib())
            .map(|target| target.src_path.clone().into()),
        binaries: package
            .targets
            .iter()
            .filter(|target| target.is_bin())
            .map(|target| target.src_path.clone().into())
            .collect(),
    }
}

/// A kind of dependency that is added to cargo later counts as the stricter one.
fn purpose(kind: DependencyKind) -> Purpose {
    if kind == DependencyKind::Development {
        Purpose::Test
    } else {
        Purpose::Product
    }
}
