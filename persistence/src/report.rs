//! The subcommands: queries of the database for scripts and tests.

use std::error::Error;
use std::process::ExitCode;

use crate::database::DatabaseUrl;
use crate::error::chain;
use crate::options::Report;
use crate::store::Store;

/// Prints one line of JSON to standard output, or one sentence to standard
/// error with status 1. Changes nothing in the database.
#[must_use]
pub fn main(report: &Report, database: &DatabaseUrl) -> ExitCode {
    match print(report, database) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{}", chain(problem.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn print(report: &Report, database: &DatabaseUrl) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let text = runtime.block_on(async {
        let store = Store::new(&database.clone().existing());
        let text = read(report, &store, database).await;
        store.close().await;
        text
    })?;
    println!("{text}");
    Ok(())
}

async fn read(
    report: &Report,
    store: &Store,
    database: &DatabaseUrl,
) -> Result<String, Box<dyn Error>> {
    match report {
        Report::Result { race } => match store.result(*race).await? {
            Some(result) => Ok(serde_json::to_string(&result)?),
            None => Err(format!("there is no result of race {race} in {database}").into()),
        },
        Report::Rooms => Ok(serde_json::to_string(&store.rooms().await?)?),
    }
}
