//! `check --protocol`: whether an adapter follows the protocol.

use super::{CliError, out::Out, target::Target};
use sessionproof::{protocol_check, report::protocol, suite::outcome::results::Outcome};

pub fn run(target: &Target) -> Result<Outcome, CliError> {
    let (program, limits) = target.for_protocol_check()?;
    let findings =
        protocol_check::run(program, limits, &mut |finding| Out::StandardOutput.print(protocol::line(finding)))?;
    Out::StandardOutput.print(protocol::verdict(&findings));
    Ok(protocol::outcome(&findings))
}
