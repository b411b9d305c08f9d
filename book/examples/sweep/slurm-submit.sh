#!/bin/sh
set -eu
job=$(sbatch --parsable slurm.sh)
sbatch --dependency="afterok:$job" --job-name=merge \
  --wrap 'gridlock merge part-* --out whole'
