//! Finding an interpreter among many: a whole process each, because that is how the peers are asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::Failure;
use crate::peers::Peers;
use crate::product::Product;
use crate::sample::{Contender, Rounds, in_turn};
use crate::table::Row;
use crate::world::World;

/// `rye explain`, which finds the interpreter and starts nothing, among 1, 10 and 50 versions of pyenv.
pub(crate) fn search(
    world: &World,
    product: &Product,
    peers: &Peers,
    rounds: Rounds,
) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (versions, name) in
        [(1, "explain, 1 version"), (10, "explain, 10 versions"), (50, "explain, 50 versions")]
    {
        let searched = World::new()?;
        for version in 0..versions {
            let bin = searched.home().join(format!(".pyenv/versions/3.12.{version}/bin"));
            fs::create_dir_all(&bin)?;
            fs::write(bin.join("python3"), "#!/bin/sh\n")?;
            fs::set_permissions(bin.join("python3"), fs::Permissions::from_mode(0o755))?;
        }
        let rye = searched.program(&product.rye, ["--json", "explain", "hello", "--name", "Ada"]);
        let uv =
            peers.uv.as_ref().map(|uv| world.program(uv, ["python", "find", "--offline", "--no-project"]));
        let floor = searched.program(&product.rye, ["--version"]);
        let mut contenders =
            vec![Contender::new("explain", || rye.run()), Contender::new("rye --version", || floor.run())];
        if let Some(uv) = &uv {
            contenders.push(Contender::new("uv python find", || uv.run()));
        }
        let samples = in_turn(contenders, rounds)?;
        let [rye, others @ ..] = samples.as_slice() else { return Err("samples are missing".into()) };
        rows.extend(others.iter().map(|other| Row::beside(name, rye, other, None)));
    }
    Ok(rows)
}
