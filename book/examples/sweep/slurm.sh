#!/bin/sh
#SBATCH --job-name=cascade
#SBATCH --array=0-3
#SBATCH --cpus-per-task=2
#SBATCH --time=01:00:00
#SBATCH --requeue
gridlock sweep cascade --seeds 0..1000 --jobs "$SLURM_CPUS_PER_TASK" \
  --shard "$SLURM_ARRAY_TASK_ID/4" --out "part-$SLURM_ARRAY_TASK_ID" || [ $? -eq 1 ]
